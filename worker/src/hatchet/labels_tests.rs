use std::sync::Arc;

use valet_protocol::local_api::Registration;

use super::*;
use crate::state::Look;
use crate::testing;

fn facts() -> Facts {
    let mut facts = Facts::new();
    facts.state = State::Ready;
    facts.identity = Some(Arc::new(testing::identity()));
    facts.runtime.registration = Some(Registration {
        worker_id: "w".to_owned(),
        pid: 1,
        slots: 5,
    });
    facts.leases = 2;
    look(&mut facts, Health::Up);
    facts
}

fn look(facts: &mut Facts, health: Health) {
    let look = Look {
        health,
        ..Look::default()
    };
    facts.services.insert(Service::AdsPower, look);
}

fn labels(facts: &Facts) -> Labels {
    let mut config = testing::config(std::path::Path::new("/nowhere"));
    let more = [("generation", "7"), ("code", "007"), ("name", "a {x}")];
    for (key, label) in more {
        config
            .hatchet
            .labels
            .insert(key.to_owned(), label.to_owned());
    }
    of(&config, facts)
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
    assert_eq!(labels(&facts()), expected);
}

#[test]
fn adspower_says_how_the_host_is() {
    let mut facts = facts();
    let said = |facts: &Facts| match &labels(facts)["adspower"] {
        Label::Text(text) => text.clone(),
        Label::Number(_) => panic!("a number"),
    };
    look(&mut facts, Health::Down);
    assert_eq!(said(&facts), "error");
    look(&mut facts, Health::Unknown);
    assert_eq!(said(&facts), "starting");
    look(&mut facts, Health::Up);
    for state in [State::Draining, State::Unhealthy, State::Stopped] {
        facts.state = state;
        assert_eq!(said(&facts), "draining");
        assert_eq!(labels(&facts)["capacity"], Label::Number(0));
    }
}

#[test]
fn a_zone_names_its_region() {
    assert_eq!(region_of("us-east-1a"), "us-east-1");
    assert_eq!(region_of("eu-central-1c"), "eu-central-1");
}
