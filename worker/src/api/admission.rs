//! Who gets a lease, and which registration is one.

use valet_protocol::local_api::{LeaseRequest, RefusalReason, Registration, State};

use super::leases::{Connection, Leases};
use crate::state::HostState;

/// The most slots of a runtime: far above what any instance type carries.
pub const MAX_SLOTS: u32 = 1000;

/// Why a request is not met.
pub type Refused = (RefusalReason, String);

/// Gives a lease, or continues one. `is_late` says that the task may have been assigned before a freeze.
///
/// # Errors
///
/// Why there is none, with what the runtime is to do.
pub fn grant(
    current: &HostState,
    leases: &mut Leases,
    holder: Connection,
    request: LeaseRequest,
    is_late: bool,
) -> Result<String, Refused> {
    // A lease goes on whatever the host is up to: its task runs. An id that is unknown, or whose
    // lease is over, gives no right to anything.
    if let Some(id) = request.continues {
        if leases.is_revoked(&id) {
            let message =
                "the lease was revoked: abort the task, another worker may run it".to_owned();
            return Err((RefusalReason::NotFound, message));
        }
        if leases.move_to(holder, &id) {
            return Ok(id);
        }
    }
    admit(current)?;
    if is_late {
        let message = "the host was frozen, and other workers may run what was assigned before: fail \
                       the task retryably";
        return Err((RefusalReason::Reassigned, message.to_owned()));
    }
    let slots = current.slots();
    leases.take(holder, request.task, slots).ok_or_else(|| {
        let message = format!(
            "all {slots} slots are in use: fail retryably, another worker may have a free slot"
        );
        (RefusalReason::NoSlots, message)
    })
}

/// Whether a task may begin.
fn admit(current: &HostState) -> Result<(), Refused> {
    let refused = |reason| {
        Err((
            reason,
            format!(
                "{}: fail the task retryably, another worker takes it",
                current.cause
            ),
        ))
    };
    if current.runtime.registration.is_none() {
        let message = "the runtime has not registered: send POST /v1/runtime first".to_owned();
        return Err((RefusalReason::NotRegistered, message));
    }
    match current.state {
        State::Ready => {}
        State::Starting => return refused(RefusalReason::Starting),
        State::Draining | State::Stopped => return refused(RefusalReason::Draining),
        State::Unhealthy => return refused(RefusalReason::Unhealthy),
    }
    if current.drain.is_some() {
        return refused(RefusalReason::Draining);
    }
    if current.hatchet.given_up.is_some() {
        let message = "Hatchet hears nothing of this worker and gives its tasks to others: fail the task \
                       retryably";
        return Err((RefusalReason::Reassigned, message.to_owned()));
    }
    match current.unwell() {
        Some(service) => {
            let message = format!(
                "{} is down: fail the task retryably, another worker takes it",
                service.name()
            );
            Err((RefusalReason::Unhealthy, message))
        }
        None => Ok(()),
    }
}

/// Whether a registration is one that a runtime can mean.
///
/// # Errors
///
/// Which of its values is out of range.
pub fn check(registration: &Registration) -> Result<(), Refused> {
    let malformed = |message: &str| Err((RefusalReason::Malformed, message.to_owned()));
    let id = &registration.worker_id;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if id.is_empty() || id.len() > 64 || !id.bytes().all(plain) {
        return malformed(
            "worker_id is not a Hatchet worker id: up to 64 letters, digits and hyphens",
        );
    }
    if registration.pid == 0 {
        return malformed("pid must not be 0");
    }
    if registration.slots == 0 || registration.slots > MAX_SLOTS {
        return malformed("slots must be between 1 and 1000");
    }
    Ok(())
}
