//! Which part writes which fact.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;
use valet_protocol::config::User;
use valet_protocol::local_api::Registration;

use crate::{
    DrainState, Hatchet, HostFigures, HostState, Identity, MetricDelivery, ProbeResult, Queue,
    RunningTask, Runtime, Service, TaskCounters, part,
};

/// The state, as the part `P` changes it: every fact can be read, and those of `P` can be written.
///
/// ```
/// use valet_host_state::{StateMut, part};
///
/// fn count(current: &mut StateMut<'_, part::Api>) {
///     *current.leases_mut() = current.running.len() as u32;
/// }
/// ```
///
/// Another part has no method for it:
///
/// ```compile_fail,E0599
/// use valet_host_state::{StateMut, part};
///
/// fn count(current: &mut StateMut<'_, part::Notices>) {
///     *current.leases_mut() = current.running.len() as u32;
/// }
/// ```
///
/// The fields can only be read, also by the part that writes the fact:
///
/// ```compile_fail,E0594
/// use valet_host_state::{StateMut, part};
///
/// fn count(current: &mut StateMut<'_, part::Api>) {
///     current.leases = current.running.len() as u32;
/// }
/// ```
///
/// So nobody replaces the state as a whole:
///
/// ```compile_fail,E0594
/// use valet_host_state::{HostState, StateMut, part};
///
/// fn forget(current: &mut StateMut<'_, part::Api>) {
///     **current = HostState::new();
/// }
/// ```
#[derive(Debug)]
pub struct StateMut<'s, P> {
    state: &'s mut HostState,
    part: PhantomData<P>,
}

impl<'s, P> StateMut<'s, P> {
    /// For whoever owns the state and says which part may change it.
    pub fn new(state: &'s mut HostState) -> Self {
        Self {
            state,
            part: PhantomData,
        }
    }
}

impl<P> Deref for StateMut<'_, P> {
    type Target = HostState;

    fn deref(&self) -> &HostState {
        self.state
    }
}

macro_rules! written_by {
    ($($method:ident: $fact:ty = $place:tt by $($part:ident),+;)+) => {
        $($(written_by!(@ $method, $fact, $place, $part);)+)+
    };
    (@ $method:ident, $fact:ty, [$($place:ident).+], $part:ident) => {
        impl StateMut<'_, part::$part> {
            #[doc = concat!("Writes `", stringify!($($place).+), "`.")]
            pub fn $method(&mut self) -> &mut $fact {
                &mut self.state.$($place).+
            }
        }
    };
}

// The state itself, its cause and its time are not here: they change in one place only, with a line in the log.
written_by! {
    identity_mut: Option<Arc<Identity>> = [identity] by Start;
    prepared_mut: bool = [prepared] by Start;

    secrets_ready_mut: bool = [secrets_ready] by Secrets;
    secret_versions_mut: BTreeMap<String, String> = [secret_versions] by Secrets;
    // Secrets puts programs in; the others take out whom they have started again.
    stale_mut: BTreeSet<User> = [stale] by Secrets, Runtime, Services;

    services_mut: BTreeMap<Service, ProbeResult> = [services] by Services;
    measured_mut: HostFigures = [measured] by Services;
    services_restarted_mut: Option<Timestamp> = [services_restarted] by Services;

    runtime_mut: Runtime = [runtime] by Runtime;
    // It goes with the process: Runtime, and the drain when it takes the host back to work, forget it.
    registration_mut: Option<Registration> = [runtime.registration] by Api, Runtime, Drain;

    leases_mut: u32 = [leases] by Api;
    running_mut: BTreeMap<String, RunningTask> = [running] by Api;
    lease_lost_mut: Option<Instant> = [lease_lost] by Api;
    tasks_mut: TaskCounters = [tasks] by Api;
    revoked_mut: Vec<String> = [revoked] by Api;

    drain_mut: Option<DrainState> = [drain] by Drain;

    hatchet_mut: Hatchet = [hatchet] by Hatchet;
    queue_mut: Option<Queue> = [queue] by Hatchet;
    refresh_permitted_mut: bool = [refresh_permitted] by Hatchet;

    marked_unhealthy_mut: bool = [group.marked_unhealthy] by Group;
    completed_mut: bool = [group.completed] by Group;
    launched_mut: bool = [group.launched] by Group;

    in_service_mut: bool = [group.in_service] by Notices;
    target_state_mut: Option<String> = [target_state] by Notices;
    interruptions_mut: u64 = [interruptions] by Notices;

    reports_mut: MetricDelivery = [reports] by Metrics;
}
