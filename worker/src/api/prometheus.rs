//! `GET /metrics`, in Prometheus' text format (version 0.0.4).

use std::fmt::Write as _;

use valet_protocol::local_api::State;

use crate::state::{Connection, Facts, Health};

/// The media type of the text.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const STATES: [State; 5] = [
    State::Starting,
    State::Ready,
    State::Draining,
    State::Unhealthy,
    State::Stopped,
];

/// The facts that are figures.
#[must_use]
pub fn text(facts: &Facts) -> String {
    let mut page = Page::default();
    page.head(
        "valet_worker_state",
        "gauge",
        "1 for the state that the host is in.",
    );
    for state in STATES {
        page.labelled(
            "valet_worker_state",
            "state",
            state.word(),
            f64::from(facts.state == state),
        );
    }
    page.single(
        "valet_worker_slots",
        "gauge",
        "Tasks that the runtime runs at a time.",
        facts.slots(),
    );
    page.single(
        "valet_worker_leases",
        "gauge",
        "Tasks that run.",
        facts.leases,
    );
    page.single(
        "valet_worker_capacity",
        "gauge",
        "Tasks that the host could take now.",
        facts.capacity(),
    );
    page.head(
        "valet_worker_tasks_total",
        "counter",
        "Tasks that have ended.",
    );
    for (outcome, count) in [
        ("finished", facts.tasks.finished),
        ("failed", facts.tasks.failed),
        ("abandoned", facts.tasks.abandoned),
    ] {
        page.labelled("valet_worker_tasks_total", "outcome", outcome, count as f64);
    }
    page.head(
        "valet_worker_service_up",
        "gauge",
        "1 while a service is well.",
    );
    for (service, look) in &facts.services {
        if look.health != Health::Unknown {
            let up = f64::from(look.health == Health::Up);
            page.labelled("valet_worker_service_up", "service", service.name(), up);
        }
    }
    page.head(
        "valet_worker_service_restarts_total",
        "counter",
        "Restarts of a service by the agent.",
    );
    for (service, look) in &facts.services {
        let restarts = f64::from(look.restarts);
        page.labelled(
            "valet_worker_service_restarts_total",
            "service",
            service.name(),
            restarts,
        );
    }
    page.single(
        "valet_worker_runtime_running",
        "gauge",
        "1 while the runtime runs.",
        u32::from(facts.runtime.running),
    );
    page.single(
        "valet_worker_runtime_restarts_total",
        "counter",
        "Restarts of the runtime by the agent.",
        facts.runtime.restarts,
    );
    let connected = facts.hatchet.connection == Connection::Connected;
    page.single(
        "valet_worker_hatchet_connected",
        "gauge",
        "1 while Hatchet sees the worker.",
        u32::from(connected),
    );
    page.single(
        "valet_worker_interruptions_total",
        "counter",
        "Interruption notices.",
        facts.interruptions as u32,
    );
    for (name, meaning, figure) in [
        (
            "valet_worker_memory_used_percent",
            "Memory in use on the host.",
            facts.measured.memory_percent,
        ),
        (
            "valet_worker_disk_used_percent",
            "Disk in use on the host.",
            facts.measured.disk_percent,
        ),
        (
            "valet_worker_runtime_memory_percent",
            "Memory of the runtime against its limit.",
            facts.measured.runtime_memory_percent,
        ),
        (
            "valet_worker_profiles",
            "Browser profiles that are open.",
            facts.measured.profiles.map(f64::from),
        ),
    ] {
        if let Some(figure) = figure {
            page.head(name, "gauge", meaning);
            let _ = writeln!(page.text, "{name} {figure}");
        }
    }
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn head(&mut self, name: &str, kind: &str, meaning: &str) {
        let _ = writeln!(self.text, "# HELP {name} {meaning}\n# TYPE {name} {kind}");
    }

    fn labelled(&mut self, name: &str, label: &str, value: &str, figure: f64) {
        let _ = writeln!(self.text, "{name}{{{label}=\"{value}\"}} {figure}");
    }

    fn single(&mut self, name: &str, kind: &str, meaning: &str, figure: u32) {
        self.head(name, kind, meaning);
        let _ = writeln!(self.text, "{name} {figure}");
    }
}
