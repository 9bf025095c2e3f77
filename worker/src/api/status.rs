//! The facts, as the API shows them.

use valet_protocol::local_api::{DrainStatus, Event, ServiceStatus, Status};

use crate::host::Host;
use crate::state::Facts;

/// All that people and their tools are told.
#[must_use]
pub fn status(host: &Host) -> Status {
    let facts = host.facts();
    let identity = facts.identity.as_deref();
    Status {
        state: facts.state,
        cause: facts.cause.clone(),
        since: facts.since,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        instance_id: identity.map(|identity| identity.instance_id.clone()),
        instance_type: identity.map(|identity| identity.instance_type.clone()),
        zone: identity.map(|identity| identity.zone.clone()),
        lifecycle: identity.map(|identity| identity.lifecycle.clone()),
        group: identity.map_or_else(
            || host.config.group.name.clone(),
            |identity| identity.group.clone(),
        ),
        worker_id: facts
            .runtime
            .registration
            .as_ref()
            .map(|registration| registration.worker_id.clone()),
        slots: facts.slots(),
        slots_allowed: super::runtime::allowed_slots(host),
        leases: facts.leases,
        tasks_finished: facts.tasks.finished,
        tasks_failed: facts.tasks.failed,
        tasks_abandoned: facts.tasks.abandoned,
        services: services(&facts),
        runtime_running: facts.runtime.running,
        hatchet: facts.hatchet.connection.word().to_owned(),
        paused_in_hatchet: facts.hatchet.paused.is_some(),
        drain: drain(&facts),
    }
}

fn services(facts: &Facts) -> Vec<ServiceStatus> {
    facts
        .services
        .iter()
        .map(|(service, look)| ServiceStatus {
            name: service.name().to_owned(),
            health: look.health.word().to_owned(),
            detail: look.detail.clone(),
            restarts: look.restarts,
        })
        .collect()
}

fn drain(facts: &Facts) -> Option<DrainStatus> {
    facts.drain.as_ref().map(|drain| DrainStatus {
        causes: drain.causes.values().cloned().collect(),
        began: drain.began,
        deadline: drain.deadline.map(|deadline| deadline.at),
        aborting: drain.aborting,
        finished: drain.finished(),
    })
}

/// What a runtime has to know.
#[must_use]
pub fn event(facts: &Facts) -> Event {
    let drain = facts.drain.as_ref();
    Event {
        state: facts.state,
        cause: facts.cause.clone(),
        deadline: drain.and_then(|drain| drain.deadline.map(|deadline| deadline.at)),
        abort: drain.is_some_and(|drain| drain.aborting),
    }
}
