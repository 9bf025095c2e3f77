//! Tables for people.

use valet_protocol::local_api::Status;

/// Rows with their columns under each other. The last column is as wide as it is.
#[must_use]
pub fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The status as a table.
#[must_use]
pub fn status(status: &Status) -> String {
    let unknown = || "unknown".to_owned();
    let mut rows = vec![
        row("state", status.state.as_str()),
        row("cause", &status.cause),
        row("since", &status.since.to_string()),
        row("instance", &instance(status)),
        row("group", &status.group),
        row(
            "worker id",
            &status.worker_id.clone().unwrap_or_else(unknown),
        ),
        row(
            "leases",
            &format!("{} of {} slots", status.leases, status.slots),
        ),
        row(
            "tasks",
            &format!(
                "{} finished, {} failed, {} abandoned",
                status.tasks_finished, status.tasks_failed, status.tasks_abandoned
            ),
        ),
        row(
            "runtime",
            if status.runtime_running {
                "running"
            } else {
                "not running"
            },
        ),
        row("hatchet", &hatchet(status)),
    ];
    for service in &status.services {
        let detail = if service.detail.is_empty() {
            service.health.clone()
        } else {
            format!("{}: {}", service.health, service.detail)
        };
        rows.push(row(&service.name, &detail));
    }
    if let Some(drain) = &status.drain {
        rows.push(row("drain", &drain.causes.join("; ")));
        let deadline = drain
            .deadline
            .map_or_else(|| "none".to_owned(), |deadline| deadline.to_string());
        rows.push(row("deadline", &deadline));
        rows.push(row("drained", if drain.finished { "yes" } else { "no" }));
    }
    aligned(&rows)
}

fn row(name: &str, value: &str) -> Vec<String> {
    vec![name.to_owned(), value.to_owned()]
}

fn instance(status: &Status) -> String {
    let parts = [
        &status.instance_id,
        &status.instance_type,
        &status.zone,
        &status.lifecycle,
    ];
    let known: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    if known.is_empty() {
        "unknown".to_owned()
    } else {
        known.join(", ")
    }
}

fn hatchet(status: &Status) -> String {
    if status.paused_in_hatchet {
        format!("{}, paused", status.hatchet)
    } else {
        status.hatchet.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::{aligned, row};

    #[test]
    fn columns_are_under_each_other() {
        let rows = [row("a", "first"), row("long", "x")];
        assert_eq!(aligned(&rows), "a     first\nlong  x\n");
    }
}
