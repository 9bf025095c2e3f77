//! Collects the metrics, keeps what CloudWatch does not take yet, and accounts for all of it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::buffer::Buffer;
use super::collect::LastReported;
use super::send::{self, PutError};
use crate::host::{Host, HostFor};
use crate::state::part::Metrics;
use crate::state::{Identity, MetricDelivery};

/// For the last report, when the agent exits.
const FINAL_REPORT_TIMEOUT: Duration = Duration::from_secs(4);

/// Reports every `metrics.interval_seconds`, each agent at its own time in the minute, and once
/// more at the end.
pub async fn run(host: HostFor<Metrics>) {
    let Some(identity) = identity(&host).await else {
        return;
    };
    let every = host.config.metrics.interval_seconds.duration();
    let first = Instant::now() + every.mul_f64(fastrand::f64());
    let mut ticks = interval_at(first, every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reporter = Reporter {
        host,
        identity,
        reported: LastReported::default(),
        waiting: Buffer::default(),
        sent: 0,
        failing: false,
    };
    loop {
        let ended = tokio::select! {
            _ = ticks.tick() => false,
            () = reporter.host.ending().cancelled() => true,
        };
        reporter.gather();
        if ended {
            let _ = tokio::time::timeout(FINAL_REPORT_TIMEOUT, reporter.send()).await;
            reporter.account();
            return;
        }
        reporter.send().await;
        reporter.account();
    }
}

async fn identity(host: &Host) -> Option<Arc<Identity>> {
    tokio::select! {
        biased;
        () = host.wait_until(|current| current.identity.is_some()) => {}
        () = host.ending().cancelled() => {}
    }
    host.read(|current| current.identity.clone())
}

struct Reporter {
    host: HostFor<Metrics>,
    identity: Arc<Identity>,
    reported: LastReported,
    waiting: Buffer,
    sent: u64,
    /// Whether CloudWatch did not take the last call, so that an outage is logged once.
    failing: bool,
}

impl Reporter {
    fn gather(&mut self) {
        let now = Timestamp::now();
        let points = self
            .host
            .read(|current| self.reported.collect(current, now));
        self.waiting.add(points);
        self.waiting.forget_untimely(now);
    }

    /// Sends what waits, oldest first, until nothing waits or CloudWatch does not answer. The SDK
    /// tries each call a few times; the next report is the next try.
    async fn send(&mut self) {
        while self.waiting.count() > 0 {
            let points = self.waiting.oldest(send::MAX_VALUES_PER_CALL);
            match send::send(&self.host, &self.identity, &points).await {
                Ok(()) => {
                    self.waiting.sent(points.len());
                    self.sent += points.len() as u64;
                    self.note_result(true, "");
                }
                Err(PutError::Rejected(reason)) => {
                    self.waiting.refused(points.len());
                    tracing::error!(
                        values = points.len(),
                        reason,
                        "CloudWatch rejected metrics; they are dropped"
                    );
                }
                Err(PutError::Transient(reason)) => {
                    self.note_result(false, &reason);
                    return;
                }
            }
        }
    }

    fn note_result(&mut self, well: bool, reason: &str) {
        let (waiting, dropped) = (self.waiting.count(), self.waiting.dropped());
        if !well && !self.failing {
            tracing::warn!(
                reason,
                waiting,
                "PutMetricData failed; metrics are buffered"
            );
        }
        if well && self.failing {
            tracing::info!(waiting, dropped, "PutMetricData works again");
        }
        self.failing = !well;
    }

    fn account(&self) {
        let reports = MetricDelivery {
            sent: self.sent,
            dropped: self.waiting.dropped(),
            waiting: self.waiting.count() as u64,
        };
        let before = self.host.read(|current| current.reports);
        if reports.dropped > before.dropped {
            let dropped = reports.dropped - before.dropped;
            tracing::warn!(dropped, in_all = reports.dropped, "metrics were dropped");
        }
        self.host.update(|current| {
            let changed = current.reports != reports;
            *current.reports_mut() = reports;
            changed
        });
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
