//! Events as the database has them: the columns of the row that has changed.

use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;

use super::event::EventData;
use super::{Cursor, EventKind, FindingEvent, FleetEvent, HostEvent};
use crate::audit::AuditEntry;
use crate::database::from_database;
use crate::orders::FleetOrder;
use crate::reaper::{FindingKind, OpenFinding};
use crate::sessions::Session;

/// The event of a row. Nothing where a newer release wrote it and this one does not know it.
pub fn event_of(row: &Row) -> Option<FleetEvent> {
    let kind = EventKind::find(row.get("kind"))?;
    let at = from_database(row.get("at"));
    let columns: Value = row.get("data");
    let data = data_of(kind, &columns, at)?;
    Some(FleetEvent {
        cursor: cursor_of(row),
        kind,
        host: row.get("instance_id"),
        json: serde_json::to_string(&data).ok()?,
    })
}

pub fn cursor_of(row: &Row) -> Cursor {
    Cursor {
        transaction: row.get("xact"),
        row: row.get("id"),
    }
}

fn data_of(kind: EventKind, columns: &Value, at: Timestamp) -> Option<EventData> {
    let columns = Columns(columns);
    Some(match kind {
        EventKind::Host => EventData::Host(HostEvent {
            id: columns.text("instance_id")?,
            group: columns.text("group_name"),
            state: columns.text("state")?,
            cause: columns.text("cause").filter(|cause| !cause.is_empty()),
            at,
        }),
        EventKind::Order => EventData::Order(FleetOrder::from_columns(columns.0).ok()?),
        EventKind::Session => EventData::Session(Session {
            instance_id: columns.text("instance_id")?,
            id: columns.text("lease_id")?,
            task: columns.text("task"),
            started_at: columns.time("started_at")?,
            ended_at: columns.time("ended_at"),
            outcome: columns.text("outcome"),
        }),
        EventKind::Finding => {
            let kind = FindingKind::parse(columns.0["kind"].as_str()?).ok()?;
            EventData::Finding(FindingEvent {
                finding: OpenFinding {
                    kind,
                    title: kind.title().to_owned(),
                    subject: columns.text("subject")?,
                    group: columns.text("group_name"),
                    detail: columns.text("detail")?,
                    since: columns.time("since")?,
                },
                is_over: columns.0["is_over"].as_bool()?,
            })
        }
        EventKind::Audit => EventData::Audit(AuditEntry {
            id: columns.0["id"].as_i64()?,
            at: columns.time("at")?,
            actor: columns.text("actor")?,
            role: columns.text("role")?,
            address: columns.text("address")?,
            action: columns.text("action")?,
            target: columns.text("target")?,
            reason: columns.text("reason")?,
            act: columns.text("act")?,
            outcome: columns.text("outcome")?,
            detail: columns.text("detail")?,
        }),
    })
}

/// A row as one JSON value.
struct Columns<'a>(&'a Value);

impl Columns<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.0[name].as_str().map(str::to_owned)
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        self.0[name].as_str()?.parse().ok()
    }
}
