use std::collections::BTreeMap;

use valet_protocol::local_api::Registration;

use super::*;
use crate::state::{ProbeResult, Queue, RunningTask};

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn values(points: &[Point]) -> BTreeMap<&'static str, f64> {
    points
        .iter()
        .map(|point| (point.metric.name(), point.value))
        .collect()
}

fn up(current: &mut HostState, service: Service, health: Health) {
    let look = ProbeResult {
        health,
        ..ProbeResult::default()
    };
    current.services.insert(service, look);
}

#[test]
fn of_what_is_unknown_nothing_is_said() {
    let points = LastReported::default().collect(&HostState::new(), now());
    assert_eq!(
        values(&points),
        BTreeMap::from([
            ("OldestTaskAge", 0.0),
            ("SpotInterruption", 0.0),
            ("TaskCompletionRate", 0.0),
            ("TaskFailureCount", 0.0),
        ])
    );
}

#[test]
fn a_working_host_reports_every_metric() {
    let mut current = HostState::new();
    current.state = State::Ready;
    up(&mut current, Service::AdsPower, Health::Up);
    up(&mut current, Service::Xvfb, Health::Down);
    current.hatchet.connection = Connection::Connected;
    current.measured.profiles = Some(3);
    current.measured.runtime_memory_percent = Some(41.5);
    current.runtime.registration = Some(Registration {
        worker_id: "w".to_owned(),
        pid: 1,
        slots: 4,
    });
    current.leases = 1;
    let started = now() - jiff::SignedDuration::from_secs(90);
    let task = RunningTask {
        name: None,
        started,
    };
    current.running.insert("a".to_owned(), task);
    current.tasks.finished = 5;
    current.tasks.failed = 2;
    current.tasks.abandoned = 9;
    current.interruptions = 1;
    current.queue = Some(Queue {
        depth: 12,
        oldest_seconds: 34.0,
        at: Timestamp::from_second(1_799_999_990).unwrap(),
    });
    let points = LastReported::default().collect(&current, now());
    assert_eq!(
        values(&points),
        BTreeMap::from([
            ("ActiveBrowserProfiles", 3.0),
            ("AdsPowerApiStatus", 1.0),
            ("HatchetConnectionStatus", 1.0),
            ("MemoryUsagePercent", 41.5),
            ("OldestTaskAge", 90.0),
            ("QueueDepth", 12.0),
            ("QueueOldestAge", 34.0),
            ("SlotUtilization", 25.0),
            ("SpotInterruption", 1.0),
            ("TaskCompletionRate", 5.0),
            ("TaskFailureCount", 11.0),
            ("XvfbStatus", 0.0),
        ])
    );
    for point in points {
        let sampled = matches!(
            point.metric,
            WorkerMetric::QueueDepth | WorkerMetric::QueueOldestAge
        );
        let at = if sampled {
            1_799_999_990
        } else {
            1_800_000_000
        };
        assert_eq!(point.at.as_second(), at, "{point:?}");
    }
}

#[test]
fn what_grows_is_reported_once() {
    let mut current = HostState::new();
    let mut reported = LastReported::default();
    let mut rates = Vec::new();
    for finished in [3, 3, 10] {
        current.tasks.finished = finished;
        let points = reported.collect(&current, now());
        rates.push(values(&points)["TaskCompletionRate"]);
    }
    assert_eq!(rates, [3.0, 0.0, 7.0]);
}

#[test]
fn a_look_at_the_queue_is_reported_once() {
    let mut current = HostState::new();
    let mut reported = LastReported::default();
    current.queue = Some(Queue {
        depth: 0,
        oldest_seconds: 0.0,
        at: now(),
    });
    let first = reported.collect(&current, now());
    let second = reported.collect(&current, now());
    assert_eq!(values(&first)["QueueDepth"], 0.0);
    assert!(!values(&second).contains_key("QueueDepth"));
}

#[test]
fn a_host_without_a_worker_is_disconnected_once_it_should_have_one() {
    let mut current = HostState::new();
    let said = |current: &HostState| {
        let points = LastReported::default().collect(current, now());
        values(&points).get("HatchetConnectionStatus").copied()
    };
    assert_eq!(said(&current), None);
    current.state = State::Ready;
    assert_eq!(said(&current), Some(0.0));
    current.state = State::Stopped;
    assert_eq!(said(&current), None);
}
