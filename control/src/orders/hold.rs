//! A hold: the host is protected from scale-in while it lasts, and takes tasks again afterwards.

use tokio_postgres::Row;

use super::carry_out::{end, fleet_of};
use super::{Action, NewOrder, give};
use crate::access::Actor;
use crate::audit::{self, Act};
use crate::aws::Aws;
use crate::control::Control;
use crate::leader::Lease;
use crate::problem::{Problem, ProblemKind};

/// Protects the hosts of new holds, ends those whose time is over, and takes protections off that nobody needs.
pub async fn carry_out(control: &Control, aws: &Aws, lease: &Lease) -> Result<(), Problem> {
    for row in unprotected(control).await? {
        protect(control, aws, lease, &row, true).await?;
    }
    for row in over(control).await? {
        let (id, instance): (&str, &str) = (row.get("id"), row.get("instance_id"));
        end(&control.database, id, "done", "its time is over").await?;
        let resume = NewOrder {
            reason: format!("the hold {id} is over"),
            within_seconds: None,
            expires_seconds: None,
        };
        let given = give(control, &Actor::server(), instance, Action::Resume, &resume).await;
        if let Err(problem) = given {
            tracing::warn!(%problem, instance, "the host stays drained after its hold");
        }
    }
    for row in needless(control).await? {
        protect(control, aws, lease, &row, false).await?;
    }
    Ok(())
}

/// Holds whose host is not protected, or not any more: an agent takes its own protection off when it is idle. Each is
/// tried once a minute.
async fn unprotected(control: &Control) -> Result<Vec<Row>, Problem> {
    let client = control.database.client().await?;
    let rows = client
        .query(
            "UPDATE fleet_order SET called_at = now() FROM sandbox, aws_instance AS aws
             WHERE sandbox.instance_id = fleet_order.instance_id AND aws.instance_id = fleet_order.instance_id
                AND action = 'hold' AND fleet_order.state IN ('pending', 'accepted') AND expires_at > now()
                AND (protected_at IS NULL OR (NOT aws.is_protected AND aws.seen_at > protected_at))
                AND (called_at IS NULL OR called_at < now() - interval '1 minute')
             RETURNING id, fleet_order.instance_id, reason, sandbox.group_name, sandbox.account, sandbox.region",
            &[],
        )
        .await?;
    Ok(rows)
}

/// Holds whose time is over.
async fn over(control: &Control) -> Result<Vec<Row>, Problem> {
    let client = control.database.client().await?;
    let rows = client
        .query(
            "SELECT id, instance_id FROM fleet_order
             WHERE action = 'hold' AND state IN ('pending', 'accepted') AND expires_at <= now()",
            &[],
        )
        .await?;
    Ok(rows)
}

/// Holds that have ended, whose host is still protected by them. That of a host with tasks is left to its agent, and that
/// of a host with another hold to that one.
async fn needless(control: &Control) -> Result<Vec<Row>, Problem> {
    let client = control.database.client().await?;
    client
        .execute(
            "UPDATE fleet_order AS ended SET unprotected_at = now()
             WHERE action = 'hold' AND state NOT IN ('pending', 'accepted') AND protected_at IS NOT NULL
                AND unprotected_at IS NULL
                AND (EXISTS (SELECT FROM sandbox WHERE instance_id = ended.instance_id AND gone_at IS NOT NULL)
                     OR EXISTS (SELECT FROM pulse WHERE instance_id = ended.instance_id AND active > 0)
                     OR EXISTS (SELECT FROM fleet_order AS other WHERE other.instance_id = ended.instance_id
                            AND other.action = 'hold' AND other.state IN ('pending', 'accepted')))",
            &[],
        )
        .await?;
    let rows = client
        .query(
            "UPDATE fleet_order SET called_at = now() FROM sandbox
             WHERE sandbox.instance_id = fleet_order.instance_id AND action = 'hold'
                AND state NOT IN ('pending', 'accepted') AND protected_at IS NOT NULL AND unprotected_at IS NULL
                AND (called_at < ended_at OR called_at < now() - interval '1 minute')
             RETURNING id, fleet_order.instance_id, reason, group_name, account, region",
            &[],
        )
        .await?;
    Ok(rows)
}

async fn protect(
    control: &Control,
    aws: &Aws,
    lease: &Lease,
    row: &Row,
    is_protected: bool,
) -> Result<(), Problem> {
    let (id, instance): (&str, &str) = (row.get("id"), row.get("instance_id"));
    let Some(fleet) = fleet_of(control, row) else {
        return Ok(());
    };
    let actor = Actor::server();
    let reason = format!("{id}: {}", row.get::<_, &str>("reason"));
    let act = Act {
        actor: &actor,
        action: if is_protected {
            "host.protect"
        } else {
            "host.unprotect"
        },
        target: instance,
        reason: &reason,
    };
    let work = async {
        let permit = lease.permit().await?;
        aws.set_instance_protection(&fleet.region, &fleet.group, instance, is_protected, &permit)
            .await?;
        Ok(())
    };
    let column = match (
        audit::record(&control.database, act, work).await,
        is_protected,
    ) {
        (Ok(()), true) => "protected_at",
        (Ok(()), false) => "unprotected_at",
        // An instance that has left service needs no protection, and has none that could be taken off.
        (Err(problem), false) if problem.kind == ProblemKind::AwsRefused => "unprotected_at",
        (Err(problem), _) if problem.kind == ProblemKind::NotLeading => return Err(problem),
        (Err(problem), _) => {
            tracing::warn!(%problem, order = id, "it is tried again in a minute");
            return Ok(());
        }
    };
    let client = control.database.client().await?;
    client
        .execute(
            &format!("UPDATE fleet_order SET {column} = now() WHERE id = $1"),
            &[&id],
        )
        .await?;
    Ok(())
}
