//! What has been made of each notice, so that one event gives one order however often it is read.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use valet_protocol::Config;

use super::parse::{Maintenance, Rebalance, Spot, leaves_service};
use crate::drain::command::DrainCommand;
use crate::state::{Deadline, DrainSource};

/// A spot instance has two minutes from its notice on. What is further away is a wrong clock.
const SPOT_NOTICE: Duration = Duration::from_mins(2);

/// How long after its time a spot notice still counts though it is read no more. EC2 is late
/// sometimes; a host that lives longer has been spared, or has come back from hibernation.
const SPARED: SignedDuration = SignedDuration::from_mins(2);

/// The four kinds of notices.
#[derive(Debug, Default)]
pub struct NoticeTracker {
    spot: Option<Spot>,
    rebalance: Option<(Rebalance, Instant)>,
    group: Option<String>,
    maintenance: Option<Maintenance>,
    /// A recommendation that nothing followed. It may be read for as long as the instance lives.
    unfollowed: Option<Rebalance>,
    /// Drains that an earlier process of the agent began, with their deadlines. Which event each
    /// stood for is not known any more: the first answer of the metadata service decides.
    inherited: BTreeMap<DrainSource, Option<Timestamp>>,
    /// Since when an inherited rebalance recommendation waits.
    inherited_since: Option<Instant>,
}

impl NoticeTracker {
    /// A tracker that goes on with the drains of an earlier process, by source and deadline.
    #[must_use]
    pub fn restored(inherited: BTreeMap<DrainSource, Option<Timestamp>>) -> Self {
        Self {
            inherited,
            ..Self::default()
        }
    }
}

impl NoticeTracker {
    /// A look at the spot notice. Also answers whether it is a new one.
    pub fn spot(
        &mut self,
        notice: Option<Spot>,
        config: &Config,
        now: Timestamp,
    ) -> (Option<DrainCommand>, bool) {
        if notice.is_some() {
            self.inherited.remove(&DrainSource::Spot);
        } else if let Some(deadline) = self.inherited.get(&DrainSource::Spot) {
            // The notice's time is a margin after the deadline.
            let margin = SignedDuration::try_from(config.drain.margin_seconds.duration());
            let over = deadline.is_none_or(|deadline| {
                now.duration_since(deadline) > SPARED + margin.unwrap_or_default()
            });
            if !over {
                return (None, false);
            }
            self.inherited.remove(&DrainSource::Spot);
            let cause = "the spot interruption notice was withdrawn";
            return (Some(withdraw(DrainSource::Spot, cause)), false);
        }
        match (notice, &self.spot) {
            (Some(notice), known) if known.as_ref() != Some(&notice) => {
                let order = DrainCommand::Drain {
                    source: DrainSource::Spot,
                    cause: format!(
                        "spot interruption notice: {} at {}",
                        notice.action, notice.time
                    ),
                    deadline: Some(spot_deadline(notice.time, config)),
                };
                self.spot = Some(notice);
                (Some(order), true)
            }
            (None, Some(known)) if now.duration_since(known.time) > SPARED => {
                self.spot = None;
                let cause = "the spot interruption notice was withdrawn";
                (Some(withdraw(DrainSource::Spot, cause)), false)
            }
            _ => (None, false),
        }
    }

    /// A look at the rebalance recommendation.
    pub fn rebalance(
        &mut self,
        notice: Option<Rebalance>,
        config: &Config,
        now: Instant,
    ) -> Option<DrainCommand> {
        let timeout = config.notices.rebalance_seconds.duration();
        if self.inherited.contains_key(&DrainSource::Rebalance) {
            // Its time begins again with this process; whatever is read is the same recommendation.
            let since = *self.inherited_since.get_or_insert(now);
            if since + timeout > now {
                return None;
            }
            self.inherited.remove(&DrainSource::Rebalance);
            self.unfollowed = notice;
            let cause = "the rebalance recommendation expired";
            return Some(withdraw(DrainSource::Rebalance, cause));
        }
        if let Some((known, since)) = &self.rebalance
            && *since + timeout <= now
        {
            self.unfollowed = Some(known.clone());
            self.rebalance = None;
            let cause = "the rebalance recommendation expired";
            return Some(withdraw(DrainSource::Rebalance, cause));
        }
        let notice = notice?;
        let known = self.rebalance.as_ref().map(|(known, _)| known);
        if timeout.is_zero() || known == Some(&notice) || self.unfollowed.as_ref() == Some(&notice)
        {
            return None;
        }
        let cause = format!("EC2 rebalance recommendation of {}", notice.time);
        self.rebalance = Some((notice, now));
        // No deadline: the group ends the instance when it has another, and says so by its hook.
        Some(DrainCommand::Drain {
            source: DrainSource::Rebalance,
            cause,
            deadline: None,
        })
    }

    /// A look at the target lifecycle state.
    pub fn group(&mut self, target: Option<String>, config: &Config) -> Option<DrainCommand> {
        // None: this instance is in no group. One that was in one and is asked about too early
        // or too late is answered the same, so it takes nothing back.
        let target = target?;
        let inherited = self.inherited.remove(&DrainSource::Group).is_some();
        if !leaves_service(&target) {
            let before = match self.group.take() {
                Some(before) => before,
                None if inherited => "Terminated".to_owned(),
                None => return None,
            };
            let cause = format!("target lifecycle state is {target} again, no longer {before}");
            return Some(withdraw(DrainSource::Group, &cause));
        }
        if self.group.as_ref() == Some(&target) {
            return None;
        }
        let cause = format!("target lifecycle state is {target}");
        self.group = Some(target);
        Some(DrainCommand::Drain {
            source: DrainSource::Group,
            cause,
            deadline: Some(Deadline::within(config.drain.group().duration())),
        })
    }

    /// A look at the scheduled events. They are announced days ahead, and the drain begins when it
    /// has to.
    pub fn maintenance(
        &mut self,
        event: Option<Maintenance>,
        config: &Config,
        now: Timestamp,
    ) -> Option<DrainCommand> {
        let inherited = self.inherited.remove(&DrainSource::Maintenance).is_some();
        let Some(event) = event else {
            if self.maintenance.take().is_none() && !inherited {
                return None;
            }
            let cause = "the scheduled event is completed or canceled";
            return Some(withdraw(DrainSource::Maintenance, cause));
        };
        let lead = config.drain.maintenance_lead_seconds.duration();
        let ahead = Duration::try_from(event.not_before.duration_since(now)).unwrap_or_default();
        if ahead > lead {
            if self.maintenance.take().is_none() && !inherited {
                return None;
            }
            let cause = "the scheduled event was rescheduled";
            return Some(withdraw(DrainSource::Maintenance, cause));
        }
        if self.maintenance.as_ref() == Some(&event) {
            return None;
        }
        let margin = config.drain.margin_seconds.duration();
        let order = DrainCommand::Drain {
            source: DrainSource::Maintenance,
            cause: format!(
                "scheduled event {} ({}) at {}",
                event.code, event.id, event.not_before
            ),
            deadline: Some(Deadline::before(event.not_before, margin, lead)),
        };
        self.maintenance = Some(event);
        Some(order)
    }
}

/// `drain.margin_seconds` before the notice's time, and `drain.spot_seconds` from now at the latest.
fn spot_deadline(time: Timestamp, config: &Config) -> Deadline {
    let margin = config.drain.margin_seconds.duration();
    let announced = Deadline::before(time, margin, SPOT_NOTICE);
    match config.drain.spot_seconds {
        Some(budget) => announced.min(Deadline::within(budget.duration())),
        None => announced,
    }
}

fn withdraw(source: DrainSource, cause: &str) -> DrainCommand {
    DrainCommand::Withdraw {
        source,
        cause: cause.to_owned(),
    }
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
