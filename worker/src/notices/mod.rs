//! Notices of the instance's end, by the metadata service.

pub mod latch;
pub mod read;

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::time::{Instant, MissedTickBehavior};

use crate::host::{Host, Shared};
use latch::Latch;

/// Looks until the agent ends.
pub async fn run(host: Shared) {
    let mut latch = Latch::default();
    let mut troubles = Troubles::default();
    let mut ticks = tokio::time::interval(host.config.notices.interval_seconds.duration());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = host.ending().cancelled() => return,
        }
        // Four questions at once are a large future, which is better not a part of this one.
        Box::pin(look(&host, &mut latch, &mut troubles)).await;
    }
}

/// One look at all four. What cannot be read says nothing: only 404 means that there is no notice.
async fn look(host: &Host, latch: &mut Latch, troubles: &mut Troubles) {
    let (spot, rebalance, target, maintenance) = tokio::join!(
        ask(host, read::SPOT),
        ask(host, read::REBALANCE),
        ask(host, read::TARGET_STATE),
        ask(host, read::MAINTENANCE),
    );
    let config = &host.config;
    let mut orders = Vec::new();
    if let Ok(notice) = troubles.read(read::SPOT, spot, read::spot) {
        let (order, new) = latch.spot(notice, config, Timestamp::now());
        orders.extend(order);
        if new {
            host.change(|facts| {
                facts.interruptions += 1;
                true
            });
        }
    }
    if let Ok(notice) = troubles.read(read::REBALANCE, rebalance, read::rebalance) {
        orders.extend(latch.rebalance(notice, config, Instant::now()));
    }
    let as_it_is = |text: &str| Ok(text.to_owned());
    if let Ok(target) = troubles.read(read::TARGET_STATE, target, as_it_is) {
        orders.extend(latch.group(target, config));
    }
    if let Ok(event) = troubles.read(read::MAINTENANCE, maintenance, read::maintenance) {
        orders.extend(latch.maintenance(event.flatten(), config, Timestamp::now()));
    }
    for order in orders {
        host.order(order).await;
    }
}

/// Asks with a patience of its own: the client's is for one attempt, and it makes two.
async fn ask(host: &Host, path: &str) -> Result<Option<String>, String> {
    let patience = host.config.notices.timeout_seconds.duration() * 2;
    match tokio::time::timeout(patience, host.aws.metadata.optional(path)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {} s", patience.as_secs_f64())),
    }
}

/// It is not known what the metadata service would say.
struct Unknown;

/// What could not be read, by path, so that each trouble is logged when it begins and when it ends.
#[derive(Debug, Default)]
struct Troubles(BTreeMap<&'static str, String>);

impl Troubles {
    /// What an answer says, which may be that there is nothing.
    fn read<T>(
        &mut self,
        path: &'static str,
        answer: Result<Option<String>, String>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Unknown> {
        let parsed = answer.and_then(|text| {
            text.map(|text| parse(&text).map_err(|error| format!("{error} in {text:?}")))
                .transpose()
        });
        match parsed {
            Ok(known) => {
                if self.0.remove(path).is_some() {
                    tracing::info!(path, "the metadata service answers again");
                }
                Ok(known)
            }
            Err(trouble) => {
                if self.0.get(path) != Some(&trouble) {
                    tracing::warn!(path, trouble, "the metadata service does not say");
                    self.0.insert(path, trouble);
                }
                Err(Unknown)
            }
        }
    }
}
