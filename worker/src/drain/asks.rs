//! Who asks for a drain, and what of it is kept over a restart of the agent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::deadline::{self, Deadline};
use crate::orders::{Order, Source};

/// What stands of the orders: one ask of each source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asks(BTreeMap<Source, Ask>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Ask {
    cause: String,
    deadline: Option<Deadline>,
}

impl Asks {
    /// Takes an order. Answers whether anything is different now, and in which words.
    pub fn take(&mut self, order: Order) -> Option<String> {
        match order {
            Order::Drain {
                source,
                cause,
                deadline,
            } => self.add(source, cause, deadline),
            Order::Withdraw { source, cause } => self.0.remove(&source).map(|_| cause),
            Order::Resume { cause } => {
                let before = self.0.len();
                self.0.retain(|source, _| !source.resumable());
                (self.0.len() != before).then_some(cause)
            }
        }
    }

    /// The same event has the same words. Read again, by this process or by one after it, it may
    /// bring its deadline forward and not put it off: the clock may have been set back meanwhile,
    /// and whoever repeats a SIGTERM would never see the end. People may change their minds.
    fn add(&mut self, source: Source, cause: String, deadline: Option<Deadline>) -> Option<String> {
        let mut ask = Ask { cause, deadline };
        if let Some(known) = self.0.get(&source) {
            let same_event = known.cause == ask.cause && !source.resumable();
            if same_event && let Some(earlier) = known.deadline {
                let later = ask.deadline.unwrap_or(earlier);
                ask.deadline = Some(earlier.min(later));
            }
            if *known == ask {
                return None;
            }
        }
        let words = ask.cause.clone();
        self.0.insert(source, ask);
        Some(words)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn contains(&self, source: Source) -> bool {
        self.0.contains_key(&source)
    }

    /// Whether nobody asks but this source.
    #[must_use]
    pub fn only(&self, source: Source) -> bool {
        self.0.len() == 1 && self.contains(source)
    }

    /// The earliest deadline.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.0.values().filter_map(|ask| ask.deadline).min()
    }

    /// Why, by source.
    #[must_use]
    pub fn causes(&self) -> BTreeMap<Source, String> {
        self.0
            .iter()
            .map(|(source, ask)| (*source, ask.cause.clone()))
            .collect()
    }

    /// To be kept. SIGTERM is not: an agent that starts is not being stopped. Nor are changed
    /// secrets: an agent that starts fetches them anew.
    #[must_use]
    pub fn keep(&self) -> BTreeMap<Source, KeptAsk> {
        self.0
            .iter()
            .filter(|(source, _)| !matches!(source, Source::Stop | Source::Refresh))
            .map(|(source, ask)| {
                let kept = KeptAsk {
                    cause: ask.cause.clone(),
                    deadline: ask.deadline.map(|deadline| deadline.keep()),
                };
                (*source, kept)
            })
            .collect()
    }

    /// As they were kept.
    #[must_use]
    pub fn restored(kept: BTreeMap<Source, KeptAsk>) -> Self {
        let restore = |(source, kept): (Source, KeptAsk)| {
            let ask = Ask {
                cause: kept.cause,
                deadline: kept.deadline.map(|deadline| deadline.restore()),
            };
            (source, ask)
        };
        Self(kept.into_iter().map(restore).collect())
    }
}

/// A drain in a file.
#[derive(Debug, Deserialize, Serialize)]
pub struct Kept {
    pub asks: BTreeMap<Source, KeptAsk>,
    pub began: Timestamp,
    pub aborting: bool,
    /// Whether the runtime was to stop, so that no task can run.
    pub stopping: bool,
}

/// An ask in a file.
#[derive(Debug, Deserialize, Serialize)]
pub struct KeptAsk {
    cause: String,
    deadline: Option<deadline::Kept>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Asks;
    use crate::deadline::Deadline;
    use crate::orders::{Order, Source};

    fn drain(source: Source, deadline: Option<Deadline>) -> Order {
        Order::Drain {
            source,
            cause: "because".to_owned(),
            deadline,
        }
    }

    #[test]
    fn a_repeated_order_changes_nothing() {
        let deadline = Some(Deadline::within(Duration::from_secs(100)));
        let mut asks = Asks::default();
        assert!(asks.take(drain(Source::Spot, deadline)).is_some());
        for _ in 0..150 {
            assert_eq!(asks.take(drain(Source::Spot, deadline)), None);
        }
    }

    #[test]
    fn the_earliest_deadline_counts_and_sigterm_cannot_put_it_off() {
        let (soon, late) = (Duration::from_secs(10), Duration::from_secs(100));
        let mut asks = Asks::default();
        asks.take(drain(Source::Stop, Some(Deadline::within(soon))));
        let first = asks.deadline();
        asks.take(drain(Source::Stop, Some(Deadline::within(late))));
        asks.take(drain(Source::Group, Some(Deadline::within(late))));
        asks.take(drain(Source::Operator, None));
        assert_eq!(asks.deadline(), first);
    }

    #[test]
    fn an_event_that_is_read_again_is_never_put_off_and_a_person_may_do_it() {
        let (soon, late) = (Duration::from_secs(10), Duration::from_secs(100));
        for (source, expected) in [(Source::Spot, soon), (Source::Operator, late)] {
            let mut asks = Asks::default();
            asks.take(drain(source, Some(Deadline::within(soon))));
            asks.take(drain(source, Some(Deadline::within(late))));
            let left = asks.deadline().unwrap().left();
            assert!(
                left <= expected && left > expected / 2,
                "{source:?}: {left:?}"
            );
            asks.take(drain(source, Some(Deadline::within(soon / 2))));
            assert!(asks.deadline().unwrap().left() <= soon / 2, "{source:?}");
        }
    }

    #[test]
    fn a_resume_takes_back_what_people_ordered_and_nothing_of_aws() {
        let mut asks = Asks::default();
        asks.take(drain(Source::Operator, None));
        asks.take(drain(Source::ValetApi, None));
        asks.take(drain(Source::Spot, None));
        let resume = || Order::Resume {
            cause: "again".to_owned(),
        };
        assert!(asks.take(resume()).is_some());
        assert!(asks.only(Source::Spot));
        assert_eq!(asks.take(resume()), None);
        let withdraw = Order::Withdraw {
            source: Source::Spot,
            cause: "cancelled".to_owned(),
        };
        assert!(asks.take(withdraw).is_some());
        assert!(asks.is_empty());
    }

    #[test]
    fn what_is_kept_is_restored_without_what_a_new_process_ends() {
        let mut asks = Asks::default();
        let deadline = Some(Deadline::within(Duration::from_mins(1)));
        asks.take(drain(Source::Spot, deadline));
        asks.take(drain(Source::Stop, None));
        asks.take(drain(Source::Refresh, None));
        let text = serde_json::to_string(&asks.keep()).unwrap();
        let restored = Asks::restored(serde_json::from_str(&text).unwrap());
        assert!(restored.only(Source::Spot));
        let left = restored.deadline().unwrap().left();
        assert!(
            left > Duration::from_secs(58) && left <= Duration::from_mins(1),
            "{left:?}"
        );
    }
}
