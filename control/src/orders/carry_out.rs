//! What follows an order by AWS, once the host has drained or its time is over.

use tokio_postgres::Row;

use super::hold;
use crate::access::Actor;
use crate::audit::Act;
use crate::aws::Aws;
use crate::config::FleetSettings;
use crate::control::Control;
use crate::database::Database;
use crate::leader::Lease;
use crate::problem::{Problem, ProblemKind};
use crate::reaper::{Termination, TerminationOutcome, terminate};

/// Carries out what is due.
///
/// # Errors
///
/// When the database does not answer, or this replica does not lead any more.
pub async fn carry_out(control: &Control, aws: &Aws, lease: &Lease) -> Result<(), Problem> {
    for row in due(&control.database).await? {
        decommission(control, aws, lease, &row).await?;
    }
    hold::carry_out(control, aws, lease).await
}

/// The fleet of a host, by the columns of its row.
pub(super) fn fleet_of<'a>(control: &'a Control, row: &Row) -> Option<&'a FleetSettings> {
    control.fleets.iter().find(|fleet| {
        Some(fleet.group.as_str()) == row.get::<_, Option<&str>>("group_name")
            && fleet.account == row.get::<_, &str>("account")
            && fleet.region == row.get::<_, &str>("region")
    })
}

/// Decommissions whose host has drained, or whose time is over. Each is tried once a minute.
async fn due(database: &Database) -> Result<Vec<Row>, Problem> {
    let client = database.client().await?;
    let rows = client
        .query(
            "UPDATE fleet_order SET called_at = now() FROM sandbox
             WHERE sandbox.instance_id = fleet_order.instance_id AND action = 'decommission'
                AND state IN ('pending', 'accepted') AND (drained_at IS NOT NULL OR deadline <= now())
                AND (called_at IS NULL OR called_at < now() - interval '1 minute')
             RETURNING id, fleet_order.instance_id, reason, ordered_by, is_replaced, group_name, account, region",
            &[],
        )
        .await?;
    Ok(rows)
}

async fn decommission(
    control: &Control,
    aws: &Aws,
    lease: &Lease,
    row: &Row,
) -> Result<(), Problem> {
    let (id, instance): (&str, &str) = (row.get("id"), row.get("instance_id"));
    let Some(fleet) = fleet_of(control, row) else {
        let detail = "it is in no group of this server";
        return end(&control.database, id, "failed", detail).await;
    };
    let is_replaced = row.get::<_, Option<bool>>("is_replaced").unwrap_or(true);
    let actor = Actor::server();
    let reason = format!(
        "{id} of {}: {}",
        row.get::<_, &str>("ordered_by"),
        row.get::<_, &str>("reason")
    );
    let act = Act {
        actor: &actor,
        action: "host.terminate",
        target: instance,
        reason: &reason,
    };
    let termination = Termination {
        fleet,
        instance,
        is_replaced,
        needs_service: false,
        counts_for_pause: false,
    };
    match terminate(control, aws, lease, act, &termination).await {
        Ok(TerminationOutcome::Requested) => {
            let detail = if is_replaced {
                "AWS terminates it, and its group replaces it"
            } else {
                "AWS terminates it, and its group is smaller by one"
            };
            end(&control.database, id, "done", detail).await
        }
        Ok(TerminationOutcome::AlreadyTerminating) => {
            end(&control.database, id, "done", "it was ending already").await
        }
        Err(problem) if problem.kind == ProblemKind::AwsRefused => {
            end(&control.database, id, "failed", &problem.detail).await
        }
        Err(problem) if problem.kind == ProblemKind::NotLeading => Err(problem),
        Err(problem) => {
            tracing::warn!(%problem, order = id, "it is tried again in a minute");
            Ok(())
        }
    }
}

/// An order comes to its end.
pub(super) async fn end(
    database: &Database,
    id: &str,
    state: &str,
    detail: &str,
) -> Result<(), Problem> {
    let detail: String = detail.chars().take(400).collect();
    let client = database.client().await?;
    client
        .execute(
            "UPDATE fleet_order SET state = $2, detail = $3, ended_at = now()
             WHERE id = $1 AND state IN ('pending', 'accepted')",
            &[&id, &state, &detail],
        )
        .await?;
    Ok(())
}
