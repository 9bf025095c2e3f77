//! Publishes the queue of each fleet, once a minute, from the leader.
//!
//! The agents publish the same values in the same series, which is read by its maximum: one that is left out is missed by
//! nobody while a host is up, and a control plane that is down blinds no alarm.

use std::sync::Arc;
use std::time::Duration;

use valet_protocol::metrics::{FLEET_DIMENSION, WorkerMetric};

use super::{Hatchet, Queue};
use crate::aws::{Aws, MetricValue};
use crate::control::Control;
use crate::leader::Lease;

/// How often the values are published: CloudWatch keeps one each minute.
const INTERVAL: Duration = Duration::from_mins(1);

/// Publishes for as long as this replica leads.
pub async fn keep_publishing(control: Control, aws: Aws, lease: Arc<Lease>) {
    if control.fleets.iter().all(|fleet| fleet.queue.is_none()) {
        return;
    }
    loop {
        publish(&control, &aws, &lease).await;
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Publishes what is known now. What is not known is left out, and never 0.
pub async fn publish(control: &Control, aws: &Aws, lease: &Lease) {
    let hatchet = match Hatchet::new(&control.hatchet, |name| std::env::var(name).ok()).await {
        Ok(Some(hatchet)) => hatchet,
        Ok(None) => {
            tracing::warn!(
                "no queue is published: neither [hatchet] token_file nor HATCHET_CLIENT_TOKEN is set"
            );
            return;
        }
        Err(error) => {
            tracing::warn!(%error, "no queue is published");
            return;
        }
    };
    for fleet in control.fleets.iter() {
        let Some(settings) = &fleet.queue else {
            continue;
        };
        let queue = match hatchet.queue(&settings.tasks).await {
            Ok(queue) => queue,
            Err(error) => {
                tracing::warn!(%error, group = fleet.group, "the queue is left out");
                continue;
            }
        };
        // A value that is published twice is the same value.
        let permit = match lease.renew().await {
            Ok(permit) => permit,
            Err(error) => {
                tracing::debug!(%error, "the queue is left out");
                return;
            }
        };
        let values = values(&queue, &fleet.group);
        let sent = aws.put_metric_data(&fleet.region, &settings.namespace, &values, &permit);
        if let Err(error) = sent.await {
            tracing::warn!(%error, group = fleet.group, "the queue could not be published");
        }
    }
}

/// The values, under the names and in the series that agents publish them.
fn values(queue: &Queue, group: &str) -> [MetricValue; 2] {
    let value = |metric: WorkerMetric, value: f64| MetricValue {
        name: metric.name(),
        unit: metric.unit(),
        dimension: (FLEET_DIMENSION, group.to_owned()),
        value,
        at: queue.at,
    };
    [
        value(WorkerMetric::QueueDepth, queue.depth as f64),
        value(WorkerMetric::QueueOldestAge, queue.oldest_seconds),
    ]
}
