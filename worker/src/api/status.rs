//! The state as the API shows it.

use valet_protocol::local_api::{DrainStatus, Event, ServiceStatus, Status};

use crate::host::Host;
use crate::state::HostState;

/// Everything that people and their tools can ask for.
#[must_use]
pub fn status(host: &Host) -> Status {
    let current = host.snapshot();
    let identity = current.identity.as_deref();
    Status {
        state: current.state,
        cause: current.cause.clone(),
        since: current.since,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        instance_id: identity.map(|identity| identity.instance_id.clone()),
        instance_type: identity.map(|identity| identity.instance_type.clone()),
        zone: identity.map(|identity| identity.zone.clone()),
        lifecycle: identity.map(|identity| identity.lifecycle.clone()),
        group: identity.map_or_else(
            || host.config.group.name.clone(),
            |identity| identity.group.clone(),
        ),
        worker_id: current
            .runtime
            .registration
            .as_ref()
            .map(|registration| registration.worker_id.clone()),
        slots: current.slots(),
        slots_allowed: super::sessions::allowed_slots(host),
        leases: current.leases,
        tasks_finished: current.tasks.finished,
        tasks_failed: current.tasks.failed,
        tasks_abandoned: current.tasks.abandoned,
        services: services(&current),
        runtime_running: current.runtime.running,
        hatchet: current.hatchet.connection.as_str().to_owned(),
        paused_in_hatchet: current.hatchet.paused.is_some(),
        drain: drain(&current),
    }
}

fn services(current: &HostState) -> Vec<ServiceStatus> {
    current
        .services
        .iter()
        .map(|(service, probe)| ServiceStatus {
            name: service.name().to_owned(),
            health: probe.health.as_str().to_owned(),
            detail: probe.detail.clone(),
            restarts: probe.restarts,
        })
        .collect()
}

fn drain(current: &HostState) -> Option<DrainStatus> {
    current.drain.as_ref().map(|drain| DrainStatus {
        causes: drain.causes.values().cloned().collect(),
        began: drain.began,
        deadline: drain.deadline.map(|deadline| deadline.at),
        aborting: drain.aborting,
        finished: drain.finished(),
    })
}

/// What a runtime has to know.
#[must_use]
pub fn event(current: &HostState) -> Event {
    let drain = current.drain.as_ref();
    Event {
        state: current.state,
        cause: current.cause.clone(),
        deadline: drain.and_then(|drain| drain.deadline.map(|deadline| deadline.at)),
        abort: drain.is_some_and(|drain| drain.aborting),
        revoked: current.revoked.clone(),
    }
}
