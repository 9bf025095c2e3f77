//! Answers of the API as tables for a terminal.

use comfy_table::{Table, presets};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::audit::AuditEntry;
use crate::keys::WorkerKey;
use crate::orders::FleetOrder;
use crate::registry::{Host, HostDetail};
use crate::sessions::Session;

/// A table of these rows. Hosts choose many of the texts: no control character of theirs reaches the terminal.
pub(super) fn table<const COLUMNS: usize>(
    headings: [&str; COLUMNS],
    rows: &[[String; COLUMNS]],
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(headings);
    table.add_rows(
        rows.iter()
            .map(|row| row.each_ref().map(|text| plain(text))),
    );
    let lines = table.to_string();
    lines
        .lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect()
}

pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|character| {
            // The marks that turn the direction of writing are in the second range.
            if character.is_control()
                || matches!(character, '\u{200e}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}

pub(super) fn rows<T: DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

fn seconds(seconds: f64) -> String {
    crate::page::duration(seconds)
}

pub(super) fn ago(time: Timestamp) -> String {
    format!(
        "{} ago",
        seconds(Timestamp::now().duration_since(time).as_secs_f64())
    )
}

fn tasks(host: &Host) -> String {
    match (host.active_tasks, host.slots) {
        (Some(active), Some(slots)) => format!("{active}/{slots}"),
        _ => "unknown".to_owned(),
    }
}

pub fn hosts(value: &Value) -> String {
    let headings = [
        "HOST",
        "STATE",
        "TASKS",
        "ZONE",
        "TYPE",
        "HEARD",
        "WHY IT TAKES NO TASKS",
    ];
    let hosts: Vec<Host> = rows(value);
    let row = |host: &Host| {
        [
            host.id.clone(),
            host.state.clone(),
            tasks(host),
            host.zone.clone(),
            host.instance_type.clone(),
            host.seen_seconds_ago
                .map_or_else(|| "never".to_owned(), seconds),
            host.takes_no_tasks.clone().unwrap_or_default(),
        ]
    };
    table(headings, &hosts.iter().map(row).collect::<Vec<_>>())
}

pub fn host(value: &Value) -> String {
    let Ok(detail) = serde_json::from_value::<HostDetail>(value.clone()) else {
        return format!("{value:#}\n");
    };
    let host = &detail.host;
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let facts = [
        ("host", host.id.clone()),
        ("state", host.state.clone()),
        (
            "takes no tasks",
            host.takes_no_tasks
                .clone()
                .unwrap_or_else(|| "it takes tasks".to_owned()),
        ),
        (
            "heard",
            host.seen_seconds_ago
                .map_or_else(|| "never".to_owned(), |age| format!("{} ago", seconds(age))),
        ),
        ("tasks", tasks(host)),
        ("group", known(&host.group)),
        ("zone", host.zone.clone()),
        ("type", host.instance_type.clone()),
        ("image", host.image_id.clone()),
        ("launched", ago(host.launched_at)),
        ("agent", known(&host.agent_version)),
    ];
    let facts = facts.map(|(name, value)| [name.to_owned(), value]).to_vec();
    let changes = detail.state_changes.iter().take(10).map(|change| {
        [
            ago(change.heard_at),
            change.status.clone(),
            change.cause.clone(),
        ]
    });
    format!(
        "{}\n{}\n{}\n{}",
        table(["FACT", "VALUE"], &facts),
        table(["CHANGED", "STATUS", "CAUSE"], &changes.collect::<Vec<_>>()),
        order_rows(&detail.orders),
        session_rows(&detail.sessions),
    )
}

fn order_rows(orders: &[FleetOrder]) -> String {
    let headings = [
        "ORDER", "HOST", "ACTION", "STATE", "ORDERED", "BY", "REASON", "DETAIL",
    ];
    let row = |order: &FleetOrder| {
        [
            order.id.clone(),
            order.instance_id.clone(),
            order.action.as_str().to_owned(),
            order.state.as_str().to_owned(),
            ago(order.ordered_at),
            order.ordered_by.clone(),
            order.reason.clone(),
            order.detail.clone().unwrap_or_default(),
        ]
    };
    table(headings, &orders.iter().map(row).collect::<Vec<_>>())
}

/// One order, or several.
pub fn orders(value: &Value) -> String {
    if value.is_array() {
        order_rows(&rows(value))
    } else {
        order_rows(&rows(&Value::Array(vec![value.clone()])))
    }
}

/// Sessions with their hosts.
pub fn sessions(value: &Value) -> String {
    let sessions: Vec<Session> = rows(value);
    let row = |session: &Session| {
        [
            session.task.clone().unwrap_or_default(),
            session.instance_id.clone(),
            session.id.clone(),
            ago(session.started_at),
            session
                .outcome
                .clone()
                .unwrap_or_else(|| "running".to_owned()),
        ]
    };
    let headings = ["TASK", "HOST", "LEASE", "STARTED", "OUTCOME"];
    table(headings, &sessions.iter().map(row).collect::<Vec<_>>())
}

fn session_rows(sessions: &[Session]) -> String {
    let row = |session: &Session| {
        [
            session.task.clone().unwrap_or_default(),
            session.id.clone(),
            ago(session.started_at),
            session
                .outcome
                .clone()
                .unwrap_or_else(|| "running".to_owned()),
        ]
    };
    let shown: Vec<_> = sessions.iter().take(20).map(row).collect();
    table(["TASK", "LEASE", "STARTED", "OUTCOME"], &shown)
}

pub fn audit(value: &Value) -> String {
    let headings = [
        "TIME", "OUTCOME", "WHO", "ACTION", "TARGET", "REASON", "DETAIL",
    ];
    let entries: Vec<AuditEntry> = rows(value);
    let row = |entry: &AuditEntry| {
        [
            entry.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            entry.outcome.clone(),
            entry.actor.clone(),
            entry.action.clone(),
            entry.target.clone(),
            entry.reason.clone(),
            entry.detail.clone(),
        ]
    };
    table(headings, &entries.iter().map(row).collect::<Vec<_>>())
}

/// One key, or several.
pub fn keys(value: &Value) -> String {
    let list = if value.is_array() {
        value.clone()
    } else {
        Value::Array(vec![value.clone()])
    };
    let keys: Vec<WorkerKey> = rows(&list);
    let row = |key: &WorkerKey| {
        [
            key.id.clone(),
            ago(key.valid_from),
            key.valid_to
                .map_or_else(|| "no end".to_owned(), |end| end.to_string()),
            key.used_at.map_or_else(|| "never".to_owned(), ago),
        ]
    };
    table(
        ["KEY", "FROM", "UNTIL", "LAST ENROLMENT"],
        &keys.iter().map(row).collect::<Vec<_>>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_reaches_the_terminal() {
        let text = table(["A"], &[["\u{1b}]0;owned\u{7}\u{202e}x\r".to_owned()]]);
        assert_eq!(text, "A\n\u{fffd}]0;owned\u{fffd}\u{fffd}x\u{fffd}\n");
    }
}
