//! What has been made of each notice, so that one event gives one order however often it is read.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use valet_protocol::Config;

use super::read::{Maintenance, Rebalance, Spot, leaves_service};
use crate::deadline::Deadline;
use crate::orders::{Order, Source};

/// A spot instance has two minutes from its notice on. What is further away is a wrong clock.
const SPOT_NOTICE: Duration = Duration::from_mins(2);

/// How long after its time a spot notice still counts though it is read no more. EC2 is late
/// sometimes; a host that lives longer has been spared, or has come back from hibernation.
const SPARED: SignedDuration = SignedDuration::from_mins(2);

/// The four kinds of notices.
#[derive(Debug, Default)]
pub struct Latch {
    spot: Option<Spot>,
    rebalance: Option<(Rebalance, Instant)>,
    group: Option<String>,
    maintenance: Option<Maintenance>,
    /// A recommendation that nothing followed. It may be read for as long as the instance lives.
    unfollowed: Option<Rebalance>,
}

impl Latch {
    /// A look at the spot notice. Also answers whether it is a new one.
    pub fn spot(
        &mut self,
        notice: Option<Spot>,
        config: &Config,
        now: Timestamp,
    ) -> (Option<Order>, bool) {
        match (notice, &self.spot) {
            (Some(notice), known) if known.as_ref() != Some(&notice) => {
                let margin = config.drain.margin_seconds.duration();
                let order = Order::Drain {
                    source: Source::Spot,
                    cause: format!(
                        "EC2 is going to {} this spot instance at {}",
                        notice.action, notice.time
                    ),
                    deadline: Some(Deadline::before(notice.time, margin, SPOT_NOTICE)),
                };
                self.spot = Some(notice);
                (Some(order), true)
            }
            (None, Some(known)) if now.duration_since(known.time) > SPARED => {
                self.spot = None;
                let cause =
                    "the spot notice is gone, its time is over, and the instance is still there";
                (Some(withdraw(Source::Spot, cause)), false)
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
    ) -> Option<Order> {
        let patience = config.notices.rebalance_seconds.duration();
        if let Some((known, since)) = &self.rebalance
            && *since + patience <= now
        {
            self.unfollowed = Some(known.clone());
            self.rebalance = None;
            let cause = "nothing has followed from the rebalance recommendation";
            return Some(withdraw(Source::Rebalance, cause));
        }
        let notice = notice?;
        let known = self.rebalance.as_ref().map(|(known, _)| known);
        if patience.is_zero() || known == Some(&notice) || self.unfollowed.as_ref() == Some(&notice)
        {
            return None;
        }
        let cause = format!(
            "EC2 sees since {} that this spot instance is at risk",
            notice.time
        );
        self.rebalance = Some((notice, now));
        // No deadline: the group ends the instance when it has another, and says so by its hook.
        Some(Order::Drain {
            source: Source::Rebalance,
            cause,
            deadline: None,
        })
    }

    /// A look at the target lifecycle state.
    pub fn group(&mut self, target: Option<String>, config: &Config) -> Option<Order> {
        // None: this instance is in no group. One that was in one and is asked about too early
        // or too late is answered the same, so it takes nothing back.
        let target = target?.trim().to_owned();
        if !leaves_service(&target) {
            let before = self.group.take()?;
            let cause =
                format!("the group wants this instance {target} again, and no longer {before}");
            return Some(withdraw(Source::Group, &cause));
        }
        if self.group.as_ref() == Some(&target) {
            return None;
        }
        let cause = format!("the group wants this instance {target}");
        self.group = Some(target);
        Some(Order::Drain {
            source: Source::Group,
            cause,
            deadline: Some(Deadline::within(config.drain.task_seconds.duration())),
        })
    }

    /// A look at the scheduled events. They are announced days ahead, and the drain begins when it
    /// has to.
    pub fn maintenance(
        &mut self,
        event: Option<Maintenance>,
        config: &Config,
        now: Timestamp,
    ) -> Option<Order> {
        let Some(event) = event else {
            self.maintenance.take()?;
            let cause = "EC2's scheduled event is over or cancelled";
            return Some(withdraw(Source::Maintenance, cause));
        };
        let lead = config.drain.maintenance_lead_seconds.duration();
        let ahead = Duration::try_from(event.not_before.duration_since(now)).unwrap_or_default();
        if ahead > lead {
            self.maintenance.take()?;
            let cause = "EC2's scheduled event has been moved";
            return Some(withdraw(Source::Maintenance, cause));
        }
        if self.maintenance.as_ref() == Some(&event) {
            return None;
        }
        let margin = config.drain.margin_seconds.duration();
        let order = Order::Drain {
            source: Source::Maintenance,
            cause: format!(
                "EC2's {} ({}) is due at {}",
                event.code, event.id, event.not_before
            ),
            deadline: Some(Deadline::before(event.not_before, margin, lead)),
        };
        self.maintenance = Some(event);
        Some(order)
    }
}

fn withdraw(source: Source, cause: &str) -> Order {
    Order::Withdraw {
        source,
        cause: cause.to_owned(),
    }
}

#[cfg(test)]
#[path = "latch_tests.rs"]
mod tests;
