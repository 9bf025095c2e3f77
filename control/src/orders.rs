//! Orders for hosts: given with a reason, sent until they have come to their end, acknowledged, and with an outcome.

use deadpool_postgres::Transaction;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::ToSchema;
use valet_protocol::heartbeat_v2::{Order, OrderAction, OrderOutcome, OrderStatus};

use crate::access::Actor;
use crate::audit::{self, Act};
use crate::database::{Database, from_database};
use crate::problem::{Problem, ProblemKind};
use crate::registry::announce;
use crate::tokens;

/// The most characters of a reason.
pub const MAX_REASON_CHARS: usize = 256;
/// Seconds within which an order has to begin, unless something else is asked for.
pub const DEFAULT_EXPIRY_SECONDS: u32 = 3600;
/// The longest: a week.
pub const MAX_EXPIRY_SECONDS: u32 = 7 * 24 * 3600;
/// The most rows of one response.
pub const MAX_ROWS: i64 = 500;

/// What a host can be ordered to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Finish the running tasks and take no new ones.
    Drain,
    /// Take tasks again.
    Resume,
    /// Drain, restart the runtime, and take tasks again.
    RestartRuntime,
    /// Drain, restart the runtime, AdsPower and the screen, and take tasks again.
    RestartServices,
}

impl Action {
    /// Every one.
    pub const ALL: [Self; 4] = [
        Self::Drain,
        Self::Resume,
        Self::RestartRuntime,
        Self::RestartServices,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Resume => "resume",
            Self::RestartRuntime => "restartRuntime",
            Self::RestartServices => "restartServices",
        }
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let named = Self::ALL.into_iter().find(|action| action.as_str() == text);
        named.ok_or(Problem::from(ProblemKind::Internal))
    }

    const fn for_agent(self) -> OrderAction {
        match self {
            Self::Drain => OrderAction::Drain,
            Self::Resume => OrderAction::Resume,
            Self::RestartRuntime => OrderAction::RestartRuntime,
            Self::RestartServices => OrderAction::RestartServices,
        }
    }
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum OrderState {
    /// The host has not acknowledged it yet.
    Pending,
    /// The host has persisted it and carries it out.
    Accepted,
    Done,
    /// The host does not carry it out.
    Refused,
    Failed,
    /// The host did not begin in time.
    Expired,
    /// Another order took its place.
    Superseded,
    /// Somebody took it back.
    Cancelled,
}

impl OrderState {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Accepted,
        Self::Done,
        Self::Refused,
        Self::Failed,
        Self::Expired,
        Self::Superseded,
        Self::Cancelled,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let named = Self::ALL.into_iter().find(|state| state.as_str() == text);
        named.ok_or(Problem::from(ProblemKind::Internal))
    }

    /// Whether the order is still sent.
    #[must_use]
    pub const fn is_standing(self) -> bool {
        matches!(self, Self::Pending | Self::Accepted)
    }

    /// The state after a host has said this. What has come to its end stays as it is, whatever is repeated.
    #[must_use]
    pub const fn after(self, outcome: OrderOutcome) -> Self {
        match (self, outcome) {
            (Self::Pending | Self::Accepted, OrderOutcome::Accepted) => Self::Accepted,
            (Self::Pending | Self::Accepted, OrderOutcome::Done) => Self::Done,
            (Self::Pending | Self::Accepted, OrderOutcome::Refused) => Self::Refused,
            (Self::Pending | Self::Accepted, OrderOutcome::Failed) => Self::Failed,
            _ => self,
        }
    }
}

/// An order that is to be given.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrder {
    /// Why, in 1 to 256 characters. The host's log has it too.
    pub reason: String,
    /// For a drain or a restart: seconds after which running tasks are aborted, so that Hatchet runs them again elsewhere.
    /// Left out: they may take their time.
    #[serde(default)]
    pub within_seconds: Option<u32>,
    /// Seconds within which the host has to begin, an hour when left out.
    #[serde(default)]
    pub expires_seconds: Option<u32>,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FleetOrder {
    pub id: String,
    pub instance_id: String,
    pub action: Action,
    pub reason: String,
    pub ordered_by: String,
    #[schema(value_type = String, format = DateTime)]
    pub ordered_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deadline: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    pub state: OrderState,
    /// What the host said of it.
    pub detail: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sent_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub acknowledged_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
}

impl FleetOrder {
    /// From the columns of its row as one JSON value.
    pub(crate) fn from_columns(columns: &serde_json::Value) -> Result<Self, Problem> {
        let text = |name: &str| columns[name].as_str();
        let required = |name: &str| text(name).ok_or(Problem::from(ProblemKind::Internal));
        let time = |name: &str| text(name).and_then(|time| time.parse().ok());
        let internal = Problem::from(ProblemKind::Internal);
        Ok(Self {
            id: required("id")?.to_owned(),
            instance_id: required("instance_id")?.to_owned(),
            action: Action::parse(required("action")?)?,
            reason: required("reason")?.to_owned(),
            ordered_by: required("ordered_by")?.to_owned(),
            ordered_at: time("ordered_at").ok_or(internal.clone())?,
            deadline: time("deadline"),
            expires_at: time("expires_at").ok_or(internal)?,
            state: OrderState::parse(required("state")?)?,
            detail: text("detail").map(str::to_owned),
            sent_at: time("sent_at"),
            acknowledged_at: time("acknowledged_at"),
            ended_at: time("ended_at"),
        })
    }
}

/// Gives an order, which takes the place of the one that stands.
///
/// # Errors
///
/// When the role is too low, the host is unknown or gone or its agent does not know the order, or a value is out of
/// range. All of it stands in the audit log.
pub async fn give(
    database: &Database,
    actor: &Actor,
    instance: &str,
    action: Action,
    new: &NewOrder,
) -> Result<FleetOrder, Problem> {
    let name = format!("order.{}", action.as_str());
    let act = Act {
        actor,
        action: &name,
        target: instance,
        reason: &new.reason,
    };
    audit::record(
        database,
        act,
        insert(database, actor, instance, action, new),
    )
    .await
}

async fn insert(
    database: &Database,
    actor: &Actor,
    instance: &str,
    action: Action,
    new: &NewOrder,
) -> Result<FleetOrder, Problem> {
    actor.require(crate::access::Role::Operator)?;
    check_reason(&new.reason)?;
    let expires = new.expires_seconds.unwrap_or(DEFAULT_EXPIRY_SECONDS);
    let is_in_range = |seconds: u32| (1..=MAX_EXPIRY_SECONDS).contains(&seconds);
    if !is_in_range(expires) || !new.within_seconds.is_none_or(is_in_range) {
        let detail =
            format!("`withinSeconds` and `expiresSeconds` are from 1 to {MAX_EXPIRY_SECONDS}");
        return Err(Problem::new(ProblemKind::ValueOutOfRange, detail));
    }
    let mut client = database.client().await?;
    let transaction = client.transaction().await?;
    let host = transaction
        .query_opt(
            "SELECT gone_at IS NOT NULL AS gone, $2 = ANY (capabilities) AS known FROM sandbox
             WHERE instance_id = $1 FOR NO KEY UPDATE",
            &[&instance, &action.as_str()],
        )
        .await?
        .ok_or_else(|| Problem::new(ProblemKind::HostUnknown, instance))?;
    if host.get("gone") {
        return Err(Problem::new(ProblemKind::HostGone, instance));
    }
    if !host.get::<_, bool>("known") {
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
            "INSERT INTO fleet_order (id, instance_id, action, reason, ordered_by, deadline, expires_at)
             VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), now() + make_interval(secs => $7)) RETURNING *",
            &[
                &id,
                &instance,
                &action.as_str(),
                &new.reason,
                &actor.name,
                &new.within_seconds.map(f64::from),
                &f64::from(expires),
            ],
        )
        .await?;
    let order = order_of(&row)?;
    announce(&transaction, instance).await?;
    transaction.commit().await?;
    Ok(order)
}

/// Refuses a reason that says nothing.
///
/// # Errors
///
/// When it is empty or too long.
pub fn check_reason(reason: &str) -> Result<(), Problem> {
    if reason.trim().is_empty()
        || reason.chars().count() > MAX_REASON_CHARS
        || reason.contains('\0')
    {
        return Err(Problem::from(ProblemKind::ReasonMissing));
    }
    Ok(())
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
        actor.require(crate::access::Role::Operator)?;
        check_reason(reason)?;
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
    audit::record(database, act, work).await
}

/// An order.
///
/// # Errors
///
/// When it is unknown, or the database does not answer.
pub async fn get(database: &Database, id: &str) -> Result<FleetOrder, Problem> {
    let client = database.client().await?;
    let row = client
        .query_opt("SELECT * FROM fleet_order WHERE id = $1", &[&id])
        .await?;
    order_of(&row.ok_or_else(|| Problem::new(ProblemKind::OrderUnknown, id))?)
}

/// The orders, the newest first: of one host, or only those that stand.
///
/// # Errors
///
/// When the database does not answer.
pub async fn list(
    database: &Database,
    instance: Option<&str>,
    standing: bool,
    limit: i64,
) -> Result<Vec<FleetOrder>, Problem> {
    let client = database.client().await?;
    let rows = client
        .query(
            "SELECT * FROM fleet_order
             WHERE ($1::text IS NULL OR instance_id = $1) AND (NOT $2 OR state IN ('pending', 'accepted'))
             ORDER BY ordered_at DESC, id LIMIT $3",
            &[&instance, &standing, &limit.clamp(1, MAX_ROWS)],
        )
        .await?;
    rows.iter().map(order_of).collect()
}

/// What a host says became of its orders.
pub(crate) async fn report(
    transaction: &Transaction<'_>,
    instance: &str,
    statuses: &[OrderStatus],
) -> Result<(), Problem> {
    for status in statuses {
        let row = transaction
            .query_opt(
                "SELECT state FROM fleet_order WHERE id = $1 AND instance_id = $2 FOR UPDATE",
                &[&status.id, &instance],
            )
            .await?;
        // An order that is not this host's, or not ours, is none of its business.
        let Some(row) = row else { continue };
        let before = OrderState::parse(row.get(0))?;
        let after = before.after(status.outcome);
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
            "SELECT *, expires_at < now() - interval '5 minutes' AND state = 'pending' AS late FROM fleet_order
             WHERE instance_id = $1 AND state IN ('pending', 'accepted')",
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

pub(crate) fn order_of(row: &Row) -> Result<FleetOrder, Problem> {
    Ok(FleetOrder {
        id: row.get("id"),
        instance_id: row.get("instance_id"),
        action: Action::parse(row.get("action"))?,
        reason: row.get("reason"),
        ordered_by: row.get("ordered_by"),
        ordered_at: from_database(row.get("ordered_at")),
        deadline: row.get::<_, Option<_>>("deadline").map(from_database),
        expires_at: from_database(row.get("expires_at")),
        state: OrderState::parse(row.get("state"))?,
        detail: row.get("detail"),
        sent_at: row.get::<_, Option<_>>("sent_at").map(from_database),
        acknowledged_at: row
            .get::<_, Option<_>>("acknowledged_at")
            .map(from_database),
        ended_at: row.get::<_, Option<_>>("ended_at").map(from_database),
    })
}
