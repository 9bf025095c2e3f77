//! Who requests for a drain, and what of it is saved over a restart of the agent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::IntoDeserializer as _;
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Deserializer, Serialize};

use crate::drain::command::DrainCommand;
use crate::state::{Deadline, DrainSource, SavedDeadline};
use crate::text::one_line;

/// What stands of the orders: one request of each source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrainRequests(BTreeMap<DrainSource, Request>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Request {
    cause: String,
    deadline: Option<Deadline>,
}

impl DrainRequests {
    /// Takes an order. Answers whether anything is different now, and in which words.
    pub fn take(&mut self, order: DrainCommand) -> Option<String> {
        match order {
            DrainCommand::Drain {
                source,
                cause,
                deadline,
            } => self.add(source, &cause, deadline),
            DrainCommand::Withdraw { source, cause } => self.0.remove(&source).map(|_| cause),
            DrainCommand::Resume { cause } => {
                let before = self.0.len();
                self.0.retain(|source, _| !source.resumable());
                (self.0.len() != before).then_some(cause)
            }
        }
    }

    /// The same event has the same words. Read again, by this process or by one after it, it may
    /// bring its deadline forward and not put it off: the clock may have been set back meanwhile,
    /// and whoever repeats a SIGTERM would never see the end. People may change their minds.
    fn add(
        &mut self,
        source: DrainSource,
        cause: &str,
        deadline: Option<Deadline>,
    ) -> Option<String> {
        let cause = one_line(cause);
        let mut request = Request { cause, deadline };
        if let Some(known) = self.0.get(&source) {
            let same_event = known.cause == request.cause && !source.resumable();
            if same_event && let Some(earlier) = known.deadline {
                let later = request.deadline.unwrap_or(earlier);
                request.deadline = Some(earlier.min(later));
            }
            if *known == request {
                return None;
            }
        }
        let words = request.cause.clone();
        self.0.insert(source, request);
        Some(words)
    }

    /// Whether every request is for a restart, after which the host works again.
    #[must_use]
    pub fn only_restarts(&self) -> bool {
        !self.is_empty() && self.0.keys().all(|source| source.restarts())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn contains(&self, source: DrainSource) -> bool {
        self.0.contains_key(&source)
    }

    /// Whether nobody requests but this source.
    #[must_use]
    pub fn only(&self, source: DrainSource) -> bool {
        self.0.len() == 1 && self.contains(source)
    }

    /// The earliest deadline.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.0.values().filter_map(|request| request.deadline).min()
    }

    /// Why, by source.
    #[must_use]
    pub fn causes(&self) -> BTreeMap<DrainSource, String> {
        self.0
            .iter()
            .map(|(source, request)| (*source, request.cause.clone()))
            .collect()
    }

    /// To be saved. SIGTERM is not: an agent that starts is not being stopped. Nor are changed
    /// secrets: an agent that starts fetches them again.
    #[must_use]
    pub fn to_saved(&self) -> SavedRequests {
        let mut saved = SavedRequests::default();
        for (source, request) in &self.0 {
            let request = SavedRequest {
                cause: request.cause.clone(),
                deadline: request.deadline.map(|deadline| deadline.to_saved()),
            };
            match source {
                DrainSource::Stop | DrainSource::Refresh => None,
                source if source.restarts() => saved.restarts.insert(*source, request),
                source => saved.requests.insert(*source, request),
            };
        }
        saved
    }

    /// As they were saved.
    #[must_use]
    pub fn restored(saved: SavedRequests) -> Self {
        let restore = |(source, saved): (DrainSource, SavedRequest)| {
            let request = Request {
                cause: saved.cause,
                deadline: saved.deadline.map(|deadline| deadline.restore()),
            };
            (source, request)
        };
        let all = saved.requests.into_iter().chain(saved.restarts);
        Self(all.map(restore).collect())
    }
}

/// The requests in a file. Agents of the version before and of the version after read it too: a source that
/// a version does not know is left out, and does not cost the others.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct SavedRequests {
    /// The file's name for them is older than ours.
    #[serde(rename = "asks", deserialize_with = "known_sources")]
    pub requests: BTreeMap<DrainSource, SavedRequest>,
    /// Sources that the agents of version 0.1 cannot read. They ignore this key.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "known_sources"
    )]
    pub restarts: BTreeMap<DrainSource, SavedRequest>,
}

impl SavedRequests {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.restarts.is_empty()
    }
}

fn known_sources<'d, D: Deserializer<'d>>(
    from: D,
) -> Result<BTreeMap<DrainSource, SavedRequest>, D::Error> {
    let saved = BTreeMap::<String, SavedRequest>::deserialize(from)?;
    let known = |(source, request): (String, SavedRequest)| {
        let name: StrDeserializer<'_, serde::de::value::Error> =
            source.as_str().into_deserializer();
        let source = DrainSource::deserialize(name).ok()?;
        Some((source, request))
    };
    Ok(saved.into_iter().filter_map(known).collect())
}

impl SavedDrain {
    /// Who asked for it, each with the time of the deadline.
    #[must_use]
    pub fn sources(&self) -> BTreeMap<DrainSource, Option<Timestamp>> {
        let deadline = |request: &SavedRequest| request.deadline.map(|deadline| deadline.at);
        let saved = &self.requests;
        let all = saved.requests.iter().chain(&saved.restarts);
        all.map(|(source, request)| (*source, deadline(request)))
            .collect()
    }
}

/// A drain in a file.
#[derive(Debug, Deserialize, Serialize)]
pub struct SavedDrain {
    #[serde(flatten)]
    pub requests: SavedRequests,
    pub began: Timestamp,
    pub aborting: bool,
    /// Whether the runtime was to stop, so that no task can run.
    pub stopping: bool,
}

/// A request in a file.
#[derive(Debug, Deserialize, Serialize)]
pub struct SavedRequest {
    cause: String,
    deadline: Option<SavedDeadline>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use jiff::Timestamp;

    use super::{DrainRequests, SavedDrain};
    use crate::drain::command::DrainCommand;
    use crate::state::{Deadline, DrainSource};

    fn drain(source: DrainSource, deadline: Option<Deadline>) -> DrainCommand {
        DrainCommand::Drain {
            source,
            cause: "because".to_owned(),
            deadline,
        }
    }

    #[test]
    fn a_repeated_order_changes_nothing() {
        let deadline = Some(Deadline::within(Duration::from_secs(100)));
        let mut requests = DrainRequests::default();
        assert!(requests.take(drain(DrainSource::Spot, deadline)).is_some());
        for _ in 0..150 {
            assert_eq!(requests.take(drain(DrainSource::Spot, deadline)), None);
        }
    }

    #[test]
    fn the_earliest_deadline_counts_and_sigterm_cannot_put_it_off() {
        let (soon, late) = (Duration::from_secs(10), Duration::from_secs(100));
        let mut requests = DrainRequests::default();
        requests.take(drain(DrainSource::Stop, Some(Deadline::within(soon))));
        let first = requests.deadline();
        requests.take(drain(DrainSource::Stop, Some(Deadline::within(late))));
        requests.take(drain(DrainSource::Group, Some(Deadline::within(late))));
        requests.take(drain(DrainSource::Operator, None));
        assert_eq!(requests.deadline(), first);
    }

    #[test]
    fn an_event_that_is_read_again_is_never_put_off_and_a_person_may_do_it() {
        let (soon, late) = (Duration::from_secs(10), Duration::from_secs(100));
        for (source, expected) in [(DrainSource::Spot, soon), (DrainSource::Operator, late)] {
            let mut requests = DrainRequests::default();
            requests.take(drain(source, Some(Deadline::within(soon))));
            requests.take(drain(source, Some(Deadline::within(late))));
            let left = requests.deadline().unwrap().left();
            assert!(
                left <= expected && left > expected / 2,
                "{source:?}: {left:?}"
            );
            requests.take(drain(source, Some(Deadline::within(soon / 2))));
            assert!(
                requests.deadline().unwrap().left() <= soon / 2,
                "{source:?}"
            );
        }
    }

    #[test]
    fn a_resume_takes_back_what_people_ordered_and_nothing_of_aws() {
        let mut requests = DrainRequests::default();
        requests.take(drain(DrainSource::Operator, None));
        requests.take(drain(DrainSource::ValetApi, None));
        requests.take(drain(DrainSource::Spot, None));
        let resume = || DrainCommand::Resume {
            cause: "again".to_owned(),
        };
        assert!(requests.take(resume()).is_some());
        assert!(requests.only(DrainSource::Spot));
        assert_eq!(requests.take(resume()), None);
        let withdraw = DrainCommand::Withdraw {
            source: DrainSource::Spot,
            cause: "cancelled".to_owned(),
        };
        assert!(requests.take(withdraw).is_some());
        assert!(requests.is_empty());
    }

    #[test]
    fn what_is_kept_is_restored_without_what_a_new_process_ends() {
        let mut requests = DrainRequests::default();
        let deadline = Some(Deadline::within(Duration::from_mins(1)));
        requests.take(drain(DrainSource::Spot, deadline));
        requests.take(drain(DrainSource::Stop, None));
        requests.take(drain(DrainSource::Refresh, None));
        let text = serde_json::to_string(&requests.to_saved()).unwrap();
        let restored = DrainRequests::restored(serde_json::from_str(&text).unwrap());
        assert!(restored.only(DrainSource::Spot));
        let left = restored.deadline().unwrap().left();
        assert!(
            left > Duration::from_secs(58) && left <= Duration::from_mins(1),
            "{left:?}"
        );
    }

    /// What version 0.1 of the agent writes and reads.
    #[derive(Debug, serde::Deserialize, serde::Serialize)]
    struct DrainOfVersion01 {
        asks: BTreeMap<SourceOfVersion01, super::SavedRequest>,
        began: Timestamp,
        aborting: bool,
        stopping: bool,
    }

    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, serde::Serialize)]
    #[serde(rename_all = "kebab-case")]
    enum SourceOfVersion01 {
        Spot,
        Rebalance,
        Group,
        Maintenance,
        ValetApi,
        Operator,
        Sick,
    }

    #[test]
    fn an_upgrade_and_a_rollback_of_the_agent_keep_the_drain() {
        let old = r#"{"asks": {"spot": {"cause": "a notice", "deadline":
            {"monotonic_milliseconds": 99999999999, "at": "2026-11-29T14:00:00Z"}}},
            "began": "2026-11-29T13:58:00Z", "aborting": false, "stopping": true}"#;
        let saved: SavedDrain = serde_json::from_str(old).unwrap();
        assert!(saved.stopping && saved.sources().contains_key(&DrainSource::Spot));
        let mut requests = DrainRequests::restored(saved.requests);
        requests.take(drain(DrainSource::RestartServices, None));
        let new = SavedDrain {
            requests: requests.to_saved(),
            began: saved.began,
            aborting: false,
            stopping: true,
        };
        let new = serde_json::to_string(&new).unwrap();
        let read: DrainOfVersion01 = serde_json::from_str(&new).expect(&new);
        assert_eq!(
            read.asks.keys().collect::<Vec<_>>(),
            [&SourceOfVersion01::Spot]
        );
    }

    #[test]
    fn a_source_of_a_later_version_does_not_cost_the_others() {
        let later = r#"{"asks": {"moon": {"cause": "x", "deadline": null},
            "spot": {"cause": "y", "deadline": null}}, "began": "2026-11-29T13:58:00Z",
            "aborting": false, "stopping": false, "colour": "green"}"#;
        let saved: SavedDrain = serde_json::from_str(later).unwrap();
        assert!(DrainRequests::restored(saved.requests).only(DrainSource::Spot));
    }
}
