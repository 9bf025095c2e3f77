//! Orders in heartbeats: what a host is sent, and what it says.

use deadpool_postgres::Transaction;
use valet_protocol::heartbeat_v2::{Order, OrderStatus};

use super::order::order_of;
use super::{Action, OrderState};
use crate::database::Database;
use crate::problem::Problem;

/// What a host says became of its orders.
pub(crate) async fn report(
    transaction: &Transaction<'_>,
    instance: &str,
    statuses: &[OrderStatus],
) -> Result<(), Problem> {
    for status in statuses {
        let row = transaction
            .query_opt(
                "SELECT state, action FROM fleet_order WHERE id = $1 AND instance_id = $2 FOR UPDATE",
                &[&status.id, &instance],
            )
            .await?;
        // An order that is not this host's, or not ours, is none of its business.
        let Some(row) = row else { continue };
        let before = OrderState::parse(row.get(0))?;
        let after = before.after(status.outcome);
        if after == OrderState::Done && Action::parse(row.get("action"))?.needs_aws() {
            // The host has drained; the order goes on without it.
            transaction
                .execute(
                    "UPDATE fleet_order SET state = 'accepted', drained_at = coalesce(drained_at, now()),
                        acknowledged_at = coalesce(acknowledged_at, now())
                     WHERE id = $1",
                    &[&status.id],
                )
                .await?;
            continue;
        }
        if after == before {
            continue;
        }
        let detail = status.detail.as_ref().map(|detail| {
            let plain: String = detail.replace('\0', "").chars().take(400).collect();
            plain
        });
        transaction
            .execute(
                "UPDATE fleet_order SET state = $2, detail = $3, acknowledged_at = coalesce(acknowledged_at, now()),
                    ended_at = CASE WHEN $4 THEN NULL ELSE now() END
                 WHERE id = $1",
                &[&status.id, &after.as_str(), &detail, &after.is_standing()],
            )
            .await?;
    }
    Ok(())
}

/// The order that a host is sent. One that it has not acknowledged in time ends here.
pub(crate) async fn standing(
    transaction: &Transaction<'_>,
    instance: &str,
) -> Result<Option<Order>, Problem> {
    let statement = transaction
        .prepare_cached(
            "SELECT *, expires_at < now() - interval '5 minutes' AND state = 'pending' AND action <> 'decommission' AS late
             FROM fleet_order WHERE instance_id = $1 AND state IN ('pending', 'accepted') AND drained_at IS NULL",
        )
        .await?;
    let Some(row) = transaction.query_opt(&statement, &[&instance]).await? else {
        return Ok(None);
    };
    let order = order_of(&row)?;
    if row.get("late") {
        transaction
            .execute(
                "UPDATE fleet_order SET state = 'expired', ended_at = now() WHERE id = $1",
                &[&order.id],
            )
            .await?;
        return Ok(None);
    }
    if order.sent_at.is_none() {
        transaction
            .execute(
                "UPDATE fleet_order SET sent_at = now() WHERE id = $1",
                &[&order.id],
            )
            .await?;
    }
    Ok(Some(Order {
        id: order.id,
        action: order.action.for_agent(),
        cause: Some(format!("{}: {}", order.ordered_by, order.reason)),
        deadline: order.deadline,
        expires: Some(order.expires_at),
    }))
}

/// Orders of hosts that are silent and did not begin in time come to their end as well. What AWS has a part in ends with that
/// part.
///
/// # Errors
///
/// When the database does not answer.
pub async fn expire(database: &Database) -> Result<(), Problem> {
    let client = database.client().await?;
    client
        .execute(
            "UPDATE fleet_order SET state = 'expired', ended_at = now()
             WHERE state = 'pending' AND expires_at < now() - interval '5 minutes'
                AND action NOT IN ('hold', 'decommission')",
            &[],
        )
        .await?;
    Ok(())
}
