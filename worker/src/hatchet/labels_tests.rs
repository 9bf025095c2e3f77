use std::sync::Arc;

use valet_protocol::local_api::Registration;

use super::*;
use crate::state::ProbeResult;
use crate::testing;

fn current() -> HostState {
    let mut current = HostState::new();
    current.state = State::Ready;
    current.identity = Some(Arc::new(testing::identity()));
    current.runtime.registration = Some(Registration {
        worker_id: "w".to_owned(),
        pid: 1,
        slots: 5,
    });
    current.leases = 2;
    look(&mut current, Health::Up);
    current
}

fn look(current: &mut HostState, health: Health) {
    let look = ProbeResult {
        health,
        ..ProbeResult::default()
    };
    current.services.insert(Service::AdsPower, look);
}

fn labels(current: &HostState) -> Labels {
    let mut config = testing::config(std::path::Path::new("/nowhere"));
    let more = [("generation", "7"), ("code", "007"), ("name", "a {x}")];
    for (key, label) in more {
        config
            .hatchet
            .labels
            .insert(key.to_owned(), label.to_owned());
    }
    of(&config, current)
}

#[test]
fn what_is_a_number_is_sent_as_one() {
    let text = |text: &str| Label::Text(text.to_owned());
    let expected: Labels = [
        ("adspower", text("ready")),
        ("capacity", Label::Number(3)),
        ("code", text("007")),
        ("generation", Label::Number(7)),
        ("instanceType", text("t3.large")),
        ("name", text("a {x}")),
        ("region", text("us-east-1")),
    ]
    .map(|(key, label)| (key.to_owned(), label))
    .into();
    assert_eq!(labels(&current()), expected);
}

#[test]
fn adspower_says_how_the_host_is() {
    let mut current = current();
    let said = |current: &HostState| match &labels(current)["adspower"] {
        Label::Text(text) => text.clone(),
        Label::Number(_) => panic!("a number"),
    };
    look(&mut current, Health::Down);
    assert_eq!(said(&current), "error");
    look(&mut current, Health::Unknown);
    assert_eq!(said(&current), "starting");
    look(&mut current, Health::Up);
    for state in [State::Draining, State::Unhealthy, State::Stopped] {
        current.state = state;
        assert_eq!(said(&current), "draining");
        assert_eq!(labels(&current)["capacity"], Label::Number(0));
    }
}

#[test]
fn a_zone_names_its_region() {
    assert_eq!(region_of("us-east-1a"), "us-east-1");
    assert_eq!(region_of("eu-central-1c"), "eu-central-1");
}
