//! Hosts, as people and programs read them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::ToSchema;

use crate::database::{Database, from_database};
use crate::orders::{self, FleetOrder};
use crate::problem::{Problem, ProblemKind};
use crate::sessions::{self, Session, SessionQuery};

/// The most hosts of one response.
pub const MAX_ROWS: i64 = 1000;

/// Every state of a host, in the order in which people look at them.
pub const STATES: [&str; 9] = [
    "ready",
    "draining",
    "starting",
    "unenrolled",
    "enrolled",
    "unhealthy",
    "stopped",
    "offline",
    "gone",
];

/// A host. What is not known is left out.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    pub id: String,
    pub group: Option<String>,
    pub account: String,
    pub region: String,
    pub zone: String,
    pub instance_type: String,
    pub image_id: String,
    #[schema(value_type = String, format = DateTime)]
    pub launched_at: Timestamp,
    /// `unenrolled`: AWS has it, and its agent has not enrolled; `enrolled`: no heartbeat yet; `starting`, `ready`, `draining`, `unhealthy`, `stopped`: what the host says;
    /// `offline`: silent for more than 90 s; `gone`: AWS does not have it any more.
    pub state: String,
    /// Why it takes no tasks, in one sentence; left out when it takes some.
    pub takes_no_tasks: Option<String>,
    /// What the host said last.
    pub status: Option<String>,
    pub cause: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// When it said so.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub seen_at: Option<Timestamp>,
    /// Seconds since then: the age of everything that the host says.
    pub seen_seconds_ago: Option<f64>,
    /// The target lifecycle state of the Auto Scaling group.
    pub lifecycle: Option<String>,
    /// Hatchet's id of the worker.
    pub worker_id: Option<String>,
    pub active_tasks: Option<i32>,
    pub slots: Option<i32>,
    pub ads_power: Option<String>,
    pub agent_version: Option<String>,
    pub kernel: Option<String>,
    /// The order that stands.
    pub order: Option<FleetOrder>,
}

/// A host with its history.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostDetail {
    #[serde(flatten)]
    pub host: Host,
    pub boot_id: Option<String>,
    pub capabilities: Vec<String>,
    /// The last 100, the newest first.
    pub state_changes: Vec<StateChange>,
    /// The last 100, the newest first.
    pub orders: Vec<FleetOrder>,
    /// The last 100, the newest first.
    pub sessions: Vec<Session>,
}

/// A change of a host's status.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StateChange {
    pub status: String,
    pub cause: String,
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub heard_at: Timestamp,
}

/// Which hosts are listed.
#[derive(Clone, Debug, Default)]
pub struct HostQuery<'a> {
    pub group: Option<&'a str>,
    pub state: Option<&'a str>,
    /// Part of an id, a zone, a type, a cause or a state.
    pub search: Option<&'a str>,
    /// Also those that are gone.
    pub gone: bool,
    /// The last id of the page before.
    pub after: Option<&'a str>,
    pub sort: HostSort,
    pub descending: bool,
    /// How many are left out at the beginning.
    pub offset: i64,
    pub limit: i64,
}

/// What hosts are sorted by; those that are equal, and those of which it is not known, by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostSort {
    #[default]
    Id,
    State,
    Tasks,
    Zone,
    Type,
    Image,
    Launched,
    Heard,
}

impl HostSort {
    const fn column(self) -> &'static str {
        match self {
            Self::Id => "sandboxes.instance_id",
            Self::State => "sandboxes.state",
            Self::Tasks => "active",
            Self::Zone => "zone",
            Self::Type => "instance_type",
            Self::Image => "image_id",
            Self::Launched => "launched_at",
            Self::Heard => "seen_age",
        }
    }
}

const COLUMNS: &str = "SELECT sandboxes.*, to_jsonb(fleet_order) AS standing FROM sandboxes
    LEFT JOIN fleet_order ON fleet_order.instance_id = sandboxes.instance_id
        AND fleet_order.state IN ('pending', 'accepted')";

/// The hosts, by id.
///
/// # Errors
///
/// When the database does not answer.
pub async fn list(database: &Database, query: &HostQuery<'_>) -> Result<Vec<Host>, Problem> {
    let client = database.client().await?;
    let pattern = query.search.map(like_pattern);
    let column = query.sort.column();
    let direction = if query.descending { "DESC" } else { "ASC" };
    let statement = client
        .prepare_cached(&format!(
            "{COLUMNS}
             WHERE ($1::text IS NULL OR group_name = $1) AND ($2::text IS NULL OR sandboxes.state = $2)
                AND ($3::text IS NULL
                     OR concat_ws(' ', sandboxes.instance_id, zone, instance_type, sandboxes.state, cause) ILIKE $3)
                AND ($4 OR gone_at IS NULL) AND ($5::text IS NULL OR sandboxes.instance_id > $5)
             ORDER BY {column} {direction} NULLS LAST, sandboxes.instance_id LIMIT $6 OFFSET $7"
        ))
        .await?;
    let rows = client
        .query(
            &statement,
            &[
                &query.group,
                &query.state,
                &pattern,
                &(query.gone || query.state == Some("gone")),
                &query.after,
                &query.limit.clamp(1, MAX_ROWS),
                &query.offset.max(0),
            ],
        )
        .await?;
    rows.iter().map(host_of).collect()
}

/// A host with its history.
///
/// # Errors
///
/// When it is unknown, or the database does not answer.
pub async fn get(database: &Database, id: &str) -> Result<HostDetail, Problem> {
    let client = database.client().await?;
    let row = client
        .query_opt(
            &format!("{COLUMNS} WHERE sandboxes.instance_id = $1"),
            &[&id],
        )
        .await?
        .ok_or_else(|| Problem::new(ProblemKind::HostUnknown, id))?;
    let changes = client
        .query(
            "SELECT status, cause, since, heard_at FROM state_change WHERE instance_id = $1 ORDER BY id DESC LIMIT 100",
            &[&id],
        )
        .await?;
    drop(client);
    let sessions = SessionQuery {
        instance: Some(id),
        limit: 100,
        ..SessionQuery::default()
    };
    Ok(HostDetail {
        host: host_of(&row)?,
        boot_id: row.get("boot_id"),
        capabilities: row.get("capabilities"),
        state_changes: changes
            .iter()
            .map(|change| StateChange {
                status: change.get("status"),
                cause: change.get("cause"),
                since: from_database(change.get("since")),
                heard_at: from_database(change.get("heard_at")),
            })
            .collect(),
        orders: orders::list(database, Some(id), false, 100).await?,
        sessions: sessions::list(database, &sessions).await?,
    })
}

/// Finds the text itself, whatever characters it has.
fn like_pattern(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{}%", escaped.replace('\0', ""))
}

fn host_of(row: &Row) -> Result<Host, Problem> {
    let time = |column: &str| row.get::<_, Option<_>>(column).map(from_database);
    let mut host = Host {
        id: row.get("instance_id"),
        group: row.get("group_name"),
        account: row.get("account"),
        region: row.get("region"),
        zone: row.get("zone"),
        instance_type: row.get("instance_type"),
        image_id: row.get("image_id"),
        launched_at: from_database(row.get("launched_at")),
        state: row.get("state"),
        takes_no_tasks: None,
        status: row.get("status"),
        cause: row.get("cause"),
        since: time("since"),
        seen_at: time("seen_at"),
        seen_seconds_ago: row.get("seen_age"),
        lifecycle: row.get("lifecycle"),
        worker_id: row.get("worker_id"),
        active_tasks: row.get("active"),
        slots: row.get("slots"),
        ads_power: row.get("ads"),
        agent_version: row.get("agent_version"),
        kernel: row.get("kernel"),
        order: standing_of(row)?,
    };
    host.takes_no_tasks = takes_no_tasks(&host);
    Ok(host)
}

/// The standing order, whose columns are in one JSON value: they would have the names of the host's otherwise.
fn standing_of(row: &Row) -> Result<Option<FleetOrder>, Problem> {
    row.get::<_, Option<serde_json::Value>>("standing")
        .map(|value| FleetOrder::from_columns(&value))
        .transpose()
}

/// Why a host takes no tasks, in one sentence.
fn takes_no_tasks(host: &Host) -> Option<String> {
    let cause = host.cause.as_deref().unwrap_or_default();
    let because = if cause.is_empty() {
        String::new()
    } else {
        format!(": {cause}")
    };
    Some(match host.state.as_str() {
        "gone" => "AWS does not have this instance any more.".to_owned(),
        "unenrolled" => "AWS has this instance, and its agent has not enrolled.".to_owned(),
        "enrolled" => "It has enrolled and not sent a heartbeat yet.".to_owned(),
        "offline" => format!(
            "Nothing was heard of it for {:.0} s; before that it was {}{because}.",
            host.seen_seconds_ago.unwrap_or_default(),
            host.status.as_deref().unwrap_or("unknown"),
        ),
        "starting" => format!("It is starting{because}."),
        "draining" => format!(
            "It drains{because}. Tasks that still run: {}.",
            host.active_tasks.unwrap_or_default()
        ),
        "stopped" => format!("It has drained{because}."),
        "unhealthy" => format!("It is unhealthy{because}."),
        "ready" if host.slots == Some(0) => {
            "Its runtime has not registered with Hatchet.".to_owned()
        }
        "ready" if host.active_tasks >= host.slots => "All of its slots are taken.".to_owned(),
        _ => return None,
    })
}
