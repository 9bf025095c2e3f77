//! `/metrics` for Prometheus, on a port of its own: who may read it is a matter of the network.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio_postgres::Row;

use super::rate_limit::{AddressLimit, limit_address};
use super::serve::Limits;
use crate::control::Control;
use crate::problem::Problem;

/// What a scraper may take: somebody else who takes as much as they can leaves it its place.
pub const METRICS_LIMITS: Limits = Limits {
    connections: 64,
    connections_of_address: 4,
    ..Limits::DEFAULT
};

/// What the port answers.
pub fn metrics_router(control: Control) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .layer(from_fn_with_state(
            AddressLimit::for_scrapers(),
            limit_address,
        ))
        .with_state(control)
}

async fn metrics(State(control): State<Control>) -> Result<Response, Problem> {
    let text = exposition(&control).await?;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}

/// A family of metrics: its name, what it is, and the statement whose rows are its labels and, last, its value. What is
/// not known has no row.
struct Family {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    statement: &'static str,
}

const FAMILIES: [Family; 6] = [
    Family {
        name: "valet_control_hosts",
        help: "Hosts that AWS has, by group and state.",
        labels: &["group", "state"],
        statement: "SELECT coalesce(group_name, ''), state, count(*)::float8 FROM sandboxes WHERE gone_at IS NULL
                    GROUP BY 1, 2 ORDER BY 1, 2",
    },
    Family {
        name: "valet_control_tasks",
        help: "Running tasks, as hosts said last, by group.",
        labels: &["group"],
        statement: "SELECT coalesce(group_name, ''), sum(active)::float8 FROM sandboxes
                    WHERE gone_at IS NULL AND active IS NOT NULL GROUP BY 1 ORDER BY 1",
    },
    Family {
        name: "valet_control_orders",
        help: "Orders that stand, by action.",
        labels: &["action"],
        statement: "SELECT action, count(*)::float8 FROM fleet_order WHERE state IN ('pending', 'accepted')
                    GROUP BY 1 ORDER BY 1",
    },
    Family {
        name: "valet_control_findings",
        help: "What a person should know, by kind.",
        labels: &["kind"],
        statement: "SELECT kind, count(*)::float8 FROM finding GROUP BY 1 ORDER BY 1",
    },
    Family {
        name: "valet_control_group_age_seconds",
        help: "How long ago AWS said what it says of a group.",
        labels: &["group"],
        statement: "SELECT name, extract(epoch FROM now() - read_at)::float8 FROM fleet_group
                    WHERE read_at IS NOT NULL ORDER BY 1",
    },
    Family {
        name: "valet_control_epoch",
        help: "How many leaders there have been.",
        labels: &[],
        statement: "SELECT epoch::float8 FROM leader",
    },
];

async fn exposition(control: &Control) -> Result<String, Problem> {
    let client = control.database.client().await?;
    let mut text = String::new();
    for family in &FAMILIES {
        let statement = client.prepare_cached(family.statement).await?;
        let rows = client.query(&statement, &[]).await?;
        head(&mut text, family.name, family.help);
        for row in &rows {
            sample(&mut text, family, row);
        }
    }
    let leads = u8::from(control.leadership.lease().is_some());
    head(
        &mut text,
        "valet_control_leads",
        "Whether this replica leads.",
    );
    let _ = writeln!(text, "valet_control_leads {leads}");
    Ok(text)
}

fn head(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn sample(text: &mut String, family: &Family, row: &Row) {
    let labels: Vec<String> = family
        .labels
        .iter()
        .enumerate()
        .map(|(column, label)| format!("{label}=\"{}\"", escape(row.get(column))))
        .collect();
    let labels = if labels.is_empty() {
        String::new()
    } else {
        format!("{{{}}}", labels.join(","))
    };
    let value: f64 = row.get(family.labels.len());
    let _ = writeln!(text, "{}{labels} {value}", family.name);
}

/// A label's value, whatever a host calls its group.
fn escape(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_become_a_sample() {
        assert_eq!(escape("a\"} 1\nb\\"), r#"a\"} 1\nb\\"#);
    }
}
