//! Looks for notices.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::time::{Instant, MissedTickBehavior};

use super::parse::{self, NoticeError};
use super::tracker::NoticeTracker;
use crate::drain;
use crate::host::{Host, HostFor};
use crate::metadata::MetadataError;
use crate::state::part::Notices;
use crate::text::one_line;
use crate::timeout::within;

/// Looks until the agent exits.
pub async fn run(host: HostFor<Notices>) {
    let mut tracker = NoticeTracker::restored(drain::saved_sources(&host.config));
    let mut troubles = Troubles::default();
    let mut ticks = tokio::time::interval(host.config.notices.interval_seconds.duration());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = host.ending().cancelled() => return,
        }
        // Four questions at once are a large future, which is better not a part of this one.
        Box::pin(poll(&host, &mut tracker, &mut troubles)).await;
    }
}

/// One look at all four. What cannot be read says nothing: only 404 means that there is no notice.
async fn poll(host: &HostFor<Notices>, tracker: &mut NoticeTracker, troubles: &mut Troubles) {
    let (spot, rebalance, target, maintenance) = tokio::join!(
        fetch(host, parse::SPOT),
        fetch(host, parse::REBALANCE),
        fetch(host, parse::TARGET_STATE),
        fetch(host, parse::MAINTENANCE),
    );
    let config = &host.config;
    let mut orders = Vec::new();
    if let Ok(notice) = troubles.read(parse::SPOT, spot, parse::spot) {
        let (order, new) = tracker.spot(notice, config, Timestamp::now());
        orders.extend(order);
        if new {
            host.update(|current| {
                *current.interruptions_mut() += 1;
                true
            });
        }
    }
    if let Ok(notice) = troubles.read(parse::REBALANCE, rebalance, parse::rebalance) {
        orders.extend(tracker.rebalance(notice, config, Instant::now()));
    }
    if let Ok(target) = troubles.read(parse::TARGET_STATE, target, parse::target) {
        let in_service = target.as_deref() == Some("InService");
        host.update(|current| {
            let known = target.as_deref().map(one_line);
            let news = current.group.in_service != in_service || current.target_state != known;
            *current.in_service_mut() = in_service;
            *current.target_state_mut() = known;
            news
        });
        orders.extend(tracker.group(target, config));
    }
    if let Ok(event) = troubles.read(parse::MAINTENANCE, maintenance, parse::maintenance) {
        orders.extend(tracker.maintenance(event.flatten(), config, Timestamp::now()));
    }
    for order in orders {
        host.send_command(order).await;
    }
}

/// Asks with a timeout of its own: the client's is for one attempt, and it makes two.
async fn fetch(host: &Host, path: &str) -> Result<Option<String>, MetadataError> {
    let timeout = host.config.notices.timeout_seconds.duration() * 2;
    within(timeout, host.aws.metadata.optional(path)).await
}

/// It is not known what the metadata service would say.
struct Unknown;

/// What could not be read, by path, so that each trouble is logged when it begins and when it ends.
#[derive(Debug, Default)]
struct Troubles(BTreeMap<&'static str, Trouble>);

/// Why one could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    #[error("{error} in {text:?}")]
    Invalid { error: NoticeError, text: String },
}

impl Troubles {
    /// What an answer says, which may be that there is nothing.
    fn read<T>(
        &mut self,
        path: &'static str,
        answer: Result<Option<String>, MetadataError>,
        parse: impl FnOnce(&str) -> Result<T, NoticeError>,
    ) -> Result<Option<T>, Unknown> {
        let invalid = |text: &str, error| Trouble::Invalid {
            error,
            text: one_line(text),
        };
        let parsed = answer.map_err(Trouble::from).and_then(|text| {
            text.map(|text| parse(&text).map_err(|error| invalid(&text, error)))
                .transpose()
        });
        match parsed {
            Ok(known) => {
                if self.0.remove(path).is_some() {
                    tracing::info!(path, "the metadata service responds again");
                }
                Ok(known)
            }
            Err(trouble) => {
                if self.0.get(path) != Some(&trouble) {
                    tracing::warn!(path, %trouble, "a notice cannot be read");
                    self.0.insert(path, trouble);
                }
                Err(Unknown)
            }
        }
    }
}
