//! The worker's labels, by which Hatchet chooses among workers.

use std::collections::BTreeMap;

use valet_protocol::Config;
use valet_protocol::local_api::State;

use crate::state::{Health, HostState, Service};

/// The value of a label. Hatchet compares by size only what was sent as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    Number(i32),
    Text(String),
}

impl std::fmt::Display for Label {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Text(text) => text.fmt(formatter),
        }
    }
}

pub type Labels = BTreeMap<String, Label>;

/// The labels of `hatchet.labels`, filled in.
#[must_use]
pub fn of(config: &Config, current: &HostState) -> Labels {
    let identity = current.identity.as_deref();
    let instance_type = identity.map_or("", |identity| identity.instance_type.as_str());
    let zone = identity.map_or("", |identity| identity.zone.as_str());
    let region = config.region.as_deref().unwrap_or_else(|| region_of(zone));
    let capacity = current.capacity().to_string();
    let filled = |label: &str| {
        label
            .replace("{region}", region)
            .replace("{instance_type}", instance_type)
            .replace("{adspower}", adspower(current))
            .replace("{capacity}", &capacity)
    };
    config
        .hatchet
        .labels
        .iter()
        .map(|(key, label)| (key.clone(), typed(filled(label))))
        .collect()
}

/// A text that is written as an integer is one.
fn typed(text: String) -> Label {
    match text.parse::<i32>() {
        Ok(number) if number.to_string() == text => Label::Number(number),
        _ => Label::Text(text),
    }
}

/// `ready`, `starting`, `error` or, once the host takes no more tasks, `draining`.
fn adspower(current: &HostState) -> &'static str {
    let leaving = matches!(
        current.state,
        State::Draining | State::Unhealthy | State::Stopped
    );
    if leaving || current.drain.is_some() {
        return "draining";
    }
    match current.health(Service::AdsPower) {
        Health::Up => "ready",
        Health::Unknown => "starting",
        Health::Down => "error",
    }
}

/// The region of a zone: what is before the letter, as in `us-east-1a`. Zones of other forms are
/// there only where the configuration names the region.
fn region_of(zone: &str) -> &str {
    zone.trim_end_matches(|character: char| character.is_ascii_lowercase())
}

#[cfg(test)]
#[path = "labels_tests.rs"]
mod tests;
