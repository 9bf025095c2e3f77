use valet_protocol::local_api::{Registration, State};

use super::*;
use crate::state::DrainStage;
use crate::testing;

fn current() -> HostState {
    let mut current = HostState::new();
    current.state = State::Ready;
    register(&mut current, "one");
    current
}

fn register(current: &mut HostState, worker: &str) {
    current.runtime.registration = Some(Registration {
        worker_id: worker.to_owned(),
        pid: 1,
        slots: 5,
    });
}

fn drain(stage: DrainStage) -> DrainState {
    DrainState {
        stage,
        ..testing::drain()
    }
}

fn sent(current: &HostState) -> Sent {
    Sent {
        worker: "one".to_owned(),
        labels: labels::of(&config(), current),
        leaving: false,
    }
}

fn config() -> Config {
    testing::config(std::path::Path::new("/nowhere"))
}

fn found(current: &HostState, sent: &Sent) -> Option<Due> {
    due(current, &config(), sent)
}

#[test]
fn a_worker_that_is_as_it_was_told_needs_nothing() {
    let current = current();
    assert_eq!(found(&current, &sent(&current)), None);
}

#[test]
fn a_new_worker_gets_its_labels_at_once_and_no_pause() {
    let mut current = current();
    let sent = sent(&current);
    register(&mut current, "two");
    let due = found(&current, &sent).unwrap();
    assert_eq!(due.worker, "two");
    assert!(due.labels.is_some() && due.urgent);
    assert_eq!(due.pause, None);
}

#[test]
fn a_lease_changes_the_labels_without_hurry() {
    let mut current = current();
    let sent = sent(&current);
    current.leases = 1;
    let due = found(&current, &sent).unwrap();
    assert!(due.labels.is_some() && !due.urgent);
    assert_eq!(due.pause, None);
}

#[test]
fn a_drain_pauses_once() {
    let mut current = current();
    let mut sent = sent(&current);
    current.drain = Some(drain(DrainStage::Tasks));
    let first = found(&current, &sent).unwrap();
    assert_eq!(first.pause, Some(true));
    assert!(first.urgent && first.labels.is_some());
    current.hatchet.paused = Some("one".to_owned());
    sent.labels = first.labels.unwrap();
    assert_eq!(found(&current, &sent), None);
}

#[test]
fn a_worker_that_registers_during_a_drain_is_paused_too() {
    let mut current = current();
    let sent = sent(&current);
    current.drain = Some(drain(DrainStage::Tasks));
    current.hatchet.paused = Some("one".to_owned());
    register(&mut current, "two");
    assert_eq!(found(&current, &sent).unwrap().pause, Some(true));
}

#[test]
fn a_drain_that_is_taken_back_lets_the_worker_go_on() {
    let mut current = current();
    let sent = sent(&current);
    current.hatchet.paused = Some("one".to_owned());
    assert_eq!(found(&current, &sent).unwrap().pause, Some(false));
}

#[test]
fn the_worker_leaves_after_the_runtime_and_once() {
    let mut current = current();
    let sent = sent(&current);
    current.runtime.registration = None;
    current.drain = Some(drain(DrainStage::Tasks));
    assert_eq!(found(&current, &sent), None, "the runtime still stops");
    current.drain = Some(drain(DrainStage::Finished));
    assert!(found(&current, &sent).unwrap().unsubscribe);
    current.hatchet.unsubscribed = Some("one".to_owned());
    assert_eq!(found(&current, &sent), None);
}

#[test]
fn after_a_crash_nobody_is_unsubscribed() {
    let mut current = current();
    let sent = sent(&current);
    current.runtime.registration = None;
    assert_eq!(found(&current, &sent), None);
}

#[test]
fn leaving_does_not_wait_for_what_failed_before() {
    let now = Instant::now();
    let next = Next {
        labels: now,
        retry: now + MAX_PAUSE,
        failed_leaving: false,
    };
    let mut current = current();
    let sent = sent(&current);
    current.leases = 1;
    assert!(next.time(&found(&current, &sent).unwrap()) >= now + MAX_PAUSE);
    current.drain = Some(drain(DrainStage::Tasks));
    assert!(next.time(&found(&current, &sent).unwrap()) <= Instant::now());
}

#[test]
fn a_worker_is_paused_whenever_leases_are_refused() {
    let mut current = current();
    let sent = sent(&current);
    let probe = |health| crate::state::ProbeResult {
        health,
        ..Default::default()
    };
    let adspower = crate::state::Service::AdsPower;
    current
        .services
        .insert(adspower, probe(crate::state::Health::Down));
    assert_eq!(found(&current, &sent).unwrap().pause, Some(true));
    current.hatchet.paused = Some("one".to_owned());
    current
        .services
        .insert(adspower, probe(crate::state::Health::Up));
    assert_eq!(found(&current, &sent).unwrap().pause, Some(false));

    current.hatchet.paused = None;
    current.state = State::Starting;
    assert_eq!(found(&current, &sent).unwrap().pause, Some(true));
    // A runtime that has just registered, where everything else is there: it is ready at once.
    current.prepared = true;
    current.runtime.running = true;
    assert_eq!(found(&current, &sent).and_then(|due| due.pause), None);
}
