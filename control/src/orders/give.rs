//! Gives orders, and takes them back.

use super::order::order_of;
use super::read::get;
use super::{Action, FleetOrder, NewOrder};
use crate::access::{Actor, Role};
use crate::audit::{self, Act};
use crate::control::Control;
use crate::database::Database;
use crate::problem::{Problem, ProblemKind};
use crate::ranges::ORDER_SECONDS;
use crate::registry::announce;
use crate::tokens;

/// Seconds within which an order has to begin, unless something else is asked for.
pub const DEFAULT_EXPIRY_SECONDS: u32 = 3600;
/// Seconds after which a host that is decommissioned ends, unless something else is asked for.
const DEFAULT_END_SECONDS: u32 = 3600;

/// Gives an order, which takes the place of the one that stands.
///
/// # Errors
///
/// When the role is too low, the host is unknown or gone or its agent does not know the order, a value is out of range, or
/// the order needs AWS and this server makes no AWS calls. All of it stands in the audit log.
pub async fn give(
    control: &Control,
    actor: &Actor,
    instance: &str,
    action: Action,
    new: &NewOrder,
) -> Result<FleetOrder, Problem> {
    give_with(control, actor, instance, action, new, None).await
}

/// The same, and for a decommission whether the group replaces the host.
///
/// # Errors
///
/// As [`give`].
pub async fn give_with(
    control: &Control,
    actor: &Actor,
    instance: &str,
    action: Action,
    new: &NewOrder,
    is_replaced: Option<bool>,
) -> Result<FleetOrder, Problem> {
    let name = format!("order.{}", action.as_str());
    let act = Act {
        actor,
        action: &name,
        target: instance,
        reason: &new.reason,
    };
    let work = async {
        if action.needs_aws() && control.aws.is_none() {
            return Err(Problem::from(ProblemKind::AwsDisabled));
        }
        let times = Times::of(action, new)?;
        insert(
            &control.database,
            actor,
            instance,
            action,
            &new.reason,
            times,
            is_replaced,
        )
        .await
    };
    audit::record_permitted(&control.database, act, Role::Operator, "", work).await
}

/// The times of an order, in seconds from now.
struct Times {
    deadline: Option<u32>,
    expires: u32,
}

impl Times {
    fn of(action: Action, new: &NewOrder) -> Result<Self, Problem> {
        let is_in_range = |seconds: &u32| ORDER_SECONDS.contains(seconds);
        let given = [new.within_seconds, new.expires_seconds];
        if !given.iter().flatten().all(is_in_range) {
            let longest = ORDER_SECONDS.end();
            let detail = format!("`withinSeconds` and `expiresSeconds` are from 1 to {longest}");
            return Err(Problem::new(ProblemKind::ValueOutOfRange, detail));
        }
        if action == Action::Decommission {
            let within = new.within_seconds.unwrap_or(DEFAULT_END_SECONDS);
            // It ends by its time, and not before that by silence.
            return Ok(Self {
                deadline: Some(within),
                expires: within,
            });
        }
        Ok(Self {
            deadline: new.within_seconds,
            expires: new.expires_seconds.unwrap_or(DEFAULT_EXPIRY_SECONDS),
        })
    }
}

async fn insert(
    database: &Database,
    actor: &Actor,
    instance: &str,
    action: Action,
    reason: &str,
    times: Times,
    is_replaced: Option<bool>,
) -> Result<FleetOrder, Problem> {
    let mut client = database.client().await?;
    let transaction = client.transaction().await?;
    let host = transaction
        .query_opt(
            "SELECT gone_at IS NOT NULL AS gone, $2 = ANY (capabilities) AS known FROM sandbox
             WHERE instance_id = $1 FOR NO KEY UPDATE",
            &[&instance, &action.capability()],
        )
        .await?
        .ok_or_else(|| Problem::new(ProblemKind::HostUnknown, instance))?;
    if host.get("gone") {
        return Err(Problem::new(ProblemKind::HostGone, instance));
    }
    // A host that is silent, or never spoke, can be ended all the same.
    if action != Action::Decommission && !host.get::<_, bool>("known") {
        return Err(Problem::new(ProblemKind::OrderUnsupported, action.as_str()));
    }
    let id = tokens::new_id("o")?;
    transaction
        .execute(
            "UPDATE fleet_order SET state = 'superseded', ended_at = now(), detail = $2
             WHERE instance_id = $1 AND state IN ('pending', 'accepted')",
            &[&instance, &format!("{id} took its place")],
        )
        .await?;
    let row = transaction
        .query_one(
            "INSERT INTO fleet_order (id, instance_id, action, reason, ordered_by, deadline, expires_at,
                                      is_replaced)
             VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), now() + make_interval(secs => $7), $8)
             RETURNING *",
            &[
                &id,
                &instance,
                &action.as_str(),
                &reason,
                &actor.name,
                &times.deadline.map(f64::from),
                &f64::from(times.expires),
                &is_replaced,
            ],
        )
        .await?;
    let order = order_of(&row)?;
    announce(&transaction, instance).await?;
    transaction.commit().await?;
    Ok(order)
}

/// Takes an order back. A host that has begun goes on; it is only not told any more.
///
/// # Errors
///
/// When the order is unknown or has come to its end, the role is too low, or the database does not answer.
pub async fn cancel(
    database: &Database,
    actor: &Actor,
    id: &str,
    reason: &str,
) -> Result<FleetOrder, Problem> {
    let act = Act {
        actor,
        action: "order.cancel",
        target: id,
        reason,
    };
    let work = async {
        let client = database.client().await?;
        let row = client
            .query_opt(
                "UPDATE fleet_order SET state = 'cancelled', ended_at = now()
                 WHERE id = $1 AND state IN ('pending', 'accepted')
                 RETURNING *, pg_notify('hosts', instance_id)",
                &[&id],
            )
            .await?;
        match row {
            Some(row) => order_of(&row),
            None => {
                let order = get(database, id).await?;
                Err(Problem::new(ProblemKind::OrderOver, order.state.as_str()))
            }
        }
    };
    audit::record_permitted(database, act, Role::Operator, "", work).await
}
