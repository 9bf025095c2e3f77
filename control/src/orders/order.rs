//! An order, as people and programs read it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::ToSchema;

use super::{Action, OrderState};
use crate::database::from_database;
use crate::problem::{Problem, ProblemKind};

/// An order that is to be given.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrder {
    /// Why, in 1 to 256 characters. The host's log has it too.
    #[schema(min_length = 1, max_length = 256, pattern = r"\S")]
    pub reason: String,
    /// For a drain or a restart: seconds after which running tasks are aborted, so that Hatchet runs them again elsewhere.
    /// Left out: they may take their time.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 604_800)]
    pub within_seconds: Option<u32>,
    /// Seconds within which the host has to begin, an hour when left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 604_800)]
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
    /// When the host had drained, where more follows.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub drained_at: Option<Timestamp>,
    /// Of a decommission: whether the group replaces the host.
    pub replaced: Option<bool>,
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
            drained_at: time("drained_at"),
            replaced: columns["is_replaced"].as_bool(),
            ended_at: time("ended_at"),
        })
    }
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
        drained_at: row.get::<_, Option<_>>("drained_at").map(from_database),
        replaced: row.get("is_replaced"),
        ended_at: row.get::<_, Option<_>>("ended_at").map(from_database),
    })
}
