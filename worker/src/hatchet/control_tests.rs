use valet_protocol::local_api::Registration;

use super::*;
use crate::state::Stage;
use crate::testing;

fn facts() -> Facts {
    let mut facts = Facts::new();
    facts.state = State::Ready;
    register(&mut facts, "one");
    facts
}

fn register(facts: &mut Facts, worker: &str) {
    facts.runtime.registration = Some(Registration {
        worker_id: worker.to_owned(),
        pid: 1,
        slots: 5,
    });
}

fn drain(stage: Stage) -> Drain {
    Drain {
        stage,
        ..testing::drain()
    }
}

fn told(facts: &Facts) -> Told {
    Told {
        worker: "one".to_owned(),
        labels: labels::of(&config(), facts),
        leaving: false,
    }
}

fn config() -> Config {
    testing::config(std::path::Path::new("/nowhere"))
}

fn found(facts: &Facts, told: &Told) -> Option<Due> {
    due(facts, &config(), told)
}

#[test]
fn a_worker_that_is_as_it_was_told_needs_nothing() {
    let facts = facts();
    assert_eq!(found(&facts, &told(&facts)), None);
}

#[test]
fn a_new_worker_gets_its_labels_at_once_and_no_pause() {
    let mut facts = facts();
    let told = told(&facts);
    register(&mut facts, "two");
    let due = found(&facts, &told).unwrap();
    assert_eq!(due.worker, "two");
    assert!(due.labels.is_some() && due.urgent);
    assert_eq!(due.pause, None);
}

#[test]
fn a_lease_changes_the_labels_without_hurry() {
    let mut facts = facts();
    let told = told(&facts);
    facts.leases = 1;
    let due = found(&facts, &told).unwrap();
    assert!(due.labels.is_some() && !due.urgent);
    assert_eq!(due.pause, None);
}

#[test]
fn a_drain_pauses_once() {
    let mut facts = facts();
    let mut told = told(&facts);
    facts.drain = Some(drain(Stage::Tasks));
    let first = found(&facts, &told).unwrap();
    assert_eq!(first.pause, Some(true));
    assert!(first.urgent && first.labels.is_some());
    facts.hatchet.paused = Some("one".to_owned());
    told.labels = first.labels.unwrap();
    assert_eq!(found(&facts, &told), None);
}

#[test]
fn a_worker_that_registers_during_a_drain_is_paused_too() {
    let mut facts = facts();
    let told = told(&facts);
    facts.drain = Some(drain(Stage::Tasks));
    facts.hatchet.paused = Some("one".to_owned());
    register(&mut facts, "two");
    assert_eq!(found(&facts, &told).unwrap().pause, Some(true));
}

#[test]
fn a_drain_that_is_taken_back_lets_the_worker_go_on() {
    let mut facts = facts();
    let told = told(&facts);
    facts.hatchet.paused = Some("one".to_owned());
    assert_eq!(found(&facts, &told).unwrap().pause, Some(false));
}

#[test]
fn the_worker_leaves_after_the_runtime_and_once() {
    let mut facts = facts();
    let told = told(&facts);
    facts.runtime.registration = None;
    facts.drain = Some(drain(Stage::Tasks));
    assert_eq!(found(&facts, &told), None, "the runtime still stops");
    facts.drain = Some(drain(Stage::Finished));
    assert!(found(&facts, &told).unwrap().unsubscribe);
    facts.hatchet.unsubscribed = Some("one".to_owned());
    assert_eq!(found(&facts, &told), None);
}

#[test]
fn after_a_crash_nobody_is_unsubscribed() {
    let mut facts = facts();
    let told = told(&facts);
    facts.runtime.registration = None;
    assert_eq!(found(&facts, &told), None);
}

#[test]
fn leaving_does_not_wait_for_what_failed_before() {
    let now = Instant::now();
    let next = Next {
        labels: now,
        retry: now + LONGEST,
        failed_leaving: false,
    };
    let mut facts = facts();
    let told = told(&facts);
    facts.leases = 1;
    assert!(next.time(&found(&facts, &told).unwrap()) >= now + LONGEST);
    facts.drain = Some(drain(Stage::Tasks));
    assert!(next.time(&found(&facts, &told).unwrap()) <= Instant::now());
}
