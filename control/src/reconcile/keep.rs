//! What the leader does in turn: look at AWS, carry orders out, judge silent hosts.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::round::reconcile;
use crate::aws::Aws;
use crate::control::Control;
use crate::database::Database;
use crate::leader::Lease;
use crate::problem::Problem;
use crate::reaper::{self, FindingKind, Memory};
use crate::{alerts, orders};

/// How often AWS is asked.
const INTERVAL: Duration = Duration::from_mins(1);
/// How often at the most, where an instance wants to enrol that is not listed yet.
const MIN_INTERVAL: Duration = Duration::from_secs(10);
/// Between two turns.
const TURN: Duration = Duration::from_secs(5);

/// Takes turns for as long as this replica leads.
pub async fn keep_reconciling(control: Control, aws: Aws, lease: Arc<Lease>) {
    let mut last: Option<Instant> = None;
    let mut memory = Memory::default();
    while !lease.is_lost() {
        let age = last.map(|last| last.elapsed());
        let is_due = match age {
            None => true,
            Some(age) => {
                age >= INTERVAL || (age >= MIN_INTERVAL && is_asked(&control.database).await)
            }
        };
        if is_due {
            last = Some(Instant::now());
            match reconcile(&control, &aws).await {
                Ok(findings) => {
                    let kinds = [FindingKind::GroupUnreadable];
                    alerts::tell(&control, &aws, &lease, &kinds, &findings).await;
                }
                Err(problem) => tracing::warn!(%problem, "what AWS says cannot be written down"),
            }
        }
        if let Err(problem) = orders::carry_out(&control, &aws, &lease).await {
            tracing::warn!(%problem, "orders wait");
        }
        if let Err(problem) = reaper::reap(&control, &aws, &lease, lease.age(), &mut memory).await {
            tracing::warn!(%problem, "silent hosts are not judged");
        }
        tokio::time::sleep(TURN).await;
    }
}

/// Whether an instance wanted to enrol that was not listed. A database that does not answer asks nothing.
async fn is_asked(database: &Database) -> bool {
    let ask = async {
        let client = database.client().await?;
        let row = client
            .query_one(
                "SELECT EXISTS (SELECT FROM fleet_group WHERE asked_at > read_at)",
                &[],
            )
            .await?;
        Ok::<bool, Problem>(row.get(0))
    };
    ask.await.unwrap_or_default()
}
