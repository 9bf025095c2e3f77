//! `GET /metrics`, in Prometheus' text format (version 0.0.4).

use std::fmt::Write as _;

use jiff::Timestamp;
use valet_protocol::local_api::State;

use crate::state::{Connection, DurationHistogram, Health, HostState};

/// The media type of the text.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const STATES: [State; 5] = [
    State::Starting,
    State::Ready,
    State::Draining,
    State::Unhealthy,
    State::Stopped,
];

/// The state as metrics.
#[must_use]
pub fn text(current: &HostState) -> String {
    let mut page = Page::default();
    work(&mut page, current);
    services(&mut page, current);
    host(&mut page, current);
    outside(&mut page, current);
    page.text
}

fn work(page: &mut Page, current: &HostState) {
    let name = "valet_worker_state";
    page.head(name, "gauge", "1 for the current state of the host.");
    for state in STATES {
        page.labelled(
            name,
            "state",
            state.as_str(),
            f64::from(current.state == state),
        );
    }
    let (slots, leases) = (f64::from(current.slots()), f64::from(current.leases));
    let capacity = f64::from(current.capacity());
    page.gauge(
        "valet_worker_slots",
        "Tasks that may run at the same time.",
        Some(slots),
    );
    page.gauge("valet_worker_leases", "Running tasks.", Some(leases));
    page.gauge(
        "valet_worker_capacity",
        "Free slots; 0 unless the host is ready.",
        Some(capacity),
    );
    let name = "valet_worker_tasks_total";
    page.head(name, "counter", "Ended tasks.");
    for (outcome, count) in [
        ("finished", current.tasks.finished),
        ("failed", current.tasks.failed),
        ("abandoned", current.tasks.abandoned),
        ("revoked", current.tasks.revoked),
    ] {
        page.labelled(name, "outcome", outcome, count as f64);
    }
    page.gauge(
        "valet_worker_oldest_task_age_seconds",
        "How long the oldest running task has run; 0 without any.",
        Some(current.oldest_task_seconds(Timestamp::now())),
    );
    durations(page, &current.tasks.durations);
}

fn durations(page: &mut Page, durations: &DurationHistogram) {
    let name = "valet_worker_task_duration_seconds";
    page.head(name, "histogram", "How long ended tasks held their lease.");
    let bucket = format!("{name}_bucket");
    for (bound, count) in durations.cumulative() {
        page.labelled(&bucket, "le", &bound.to_string(), count as f64);
    }
    let count = durations.count();
    page.labelled(&bucket, "le", "+Inf", count as f64);
    let _ = writeln!(
        page.text,
        "{name}_sum {}\n{name}_count {count}",
        durations.seconds()
    );
}

fn services(page: &mut Page, current: &HostState) {
    let name = "valet_worker_service_up";
    page.head(name, "gauge", "1 while a service is healthy.");
    for (service, probe) in &current.services {
        if probe.health != Health::Unknown {
            let up = f64::from(probe.health == Health::Up);
            page.labelled(name, "service", service.name(), up);
        }
    }
    let name = "valet_worker_service_restarts_total";
    page.head(name, "counter", "Restarts of a service by the agent.");
    for (service, probe) in &current.services {
        page.labelled(name, "service", service.name(), f64::from(probe.restarts));
    }
}

fn host(page: &mut Page, current: &HostState) {
    let (runtime, measured) = (&current.runtime, &current.measured);
    let running = f64::from(runtime.running);
    let connected = f64::from(current.hatchet.connection == Connection::Connected);
    let profiles = measured.profiles.map(f64::from);
    page.gauge(
        "valet_worker_runtime_running",
        "1 while the runtime's unit is active.",
        Some(running),
    );
    page.gauge(
        "valet_worker_hatchet_connected",
        "1 while Hatchet receives the worker's heartbeats.",
        Some(connected),
    );
    page.gauge(
        "valet_worker_memory_used_percent",
        "Memory in use on the host.",
        measured.memory_percent,
    );
    page.gauge(
        "valet_worker_disk_used_percent",
        "Disk in use on the host.",
        measured.disk_percent,
    );
    page.gauge(
        "valet_worker_runtime_memory_percent",
        "Memory of the runtime against its limit.",
        measured.runtime_memory_percent,
    );
    page.gauge(
        "valet_worker_profiles",
        "Browser profiles that are open.",
        profiles,
    );
    page.counter(
        "valet_worker_runtime_restarts_total",
        "Restarts of the runtime by the agent.",
        u64::from(runtime.restarts),
    );
    page.counter(
        "valet_worker_interruptions_total",
        "Spot interruption notices.",
        current.interruptions,
    );
}

/// What became of the metrics for CloudWatch, and how long Hatchet's token still counts.
fn outside(page: &mut Page, current: &HostState) {
    let reports = current.reports;
    page.counter(
        "valet_worker_reports_sent_total",
        "Metric values that CloudWatch accepted.",
        reports.sent,
    );
    page.counter(
        "valet_worker_reports_dropped_total",
        "Metric values that were dropped.",
        reports.dropped,
    );
    page.gauge(
        "valet_worker_reports_waiting",
        "Metric values that are buffered.",
        Some(reports.waiting as f64),
    );
    page.gauge(
        "valet_worker_hatchet_token_expires_timestamp_seconds",
        "When the Hatchet token expires, in seconds since 1970.",
        current
            .hatchet
            .token_expires
            .map(|expires| expires.as_second() as f64),
    );
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

    /// One figure, if it is known.
    fn gauge(&mut self, name: &str, meaning: &str, figure: Option<f64>) {
        if let Some(figure) = figure {
            self.head(name, "gauge", meaning);
            let _ = writeln!(self.text, "{name} {figure}");
        }
    }

    fn counter(&mut self, name: &str, meaning: &str, count: u64) {
        self.head(name, "counter", meaning);
        let _ = writeln!(self.text, "{name} {count}");
    }
}
