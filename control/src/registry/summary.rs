//! A fleet in a few figures.

use crate::database::Database;
use crate::problem::Problem;

/// How many hosts are in which state, and what they can do.
#[derive(Clone, Debug, Default)]
pub struct FleetSummary {
    /// The groups that hosts are of.
    pub groups: Vec<String>,
    /// Hosts that AWS has, by state, in the order of the states' names.
    pub states: Vec<StateTotals>,
    /// Seconds since the newest heartbeat.
    pub heard_seconds_ago: Option<f64>,
}

/// The hosts of one state.
#[derive(Clone, Debug)]
pub struct StateTotals {
    pub state: String,
    pub hosts: i64,
    /// What they said last of their tasks and slots.
    pub active: i64,
    pub slots: i64,
}

impl FleetSummary {
    /// The hosts of a state.
    #[must_use]
    pub fn of(&self, state: &str) -> StateTotals {
        let found = self.states.iter().find(|totals| totals.state == state);
        found.cloned().unwrap_or(StateTotals {
            state: state.to_owned(),
            hosts: 0,
            active: 0,
            slots: 0,
        })
    }
}

/// The figures of a group, or of all.
///
/// # Errors
///
/// When the database does not answer.
pub async fn summary(database: &Database, group: Option<&str>) -> Result<FleetSummary, Problem> {
    let client = database.client().await?;
    let groups = client
        .prepare_cached(
            "SELECT DISTINCT group_name FROM sandbox WHERE gone_at IS NULL AND group_name IS NOT NULL ORDER BY 1",
        )
        .await?;
    let groups = client.query(&groups, &[]).await?;
    let states = client
        .prepare_cached(
            "SELECT state, count(*) AS hosts, coalesce(sum(active), 0)::bigint AS active,
                    coalesce(sum(slots), 0)::bigint AS slots, min(seen_age) AS heard
             FROM sandboxes WHERE gone_at IS NULL AND ($1::text IS NULL OR group_name = $1)
             GROUP BY state ORDER BY state",
        )
        .await?;
    let states = client.query(&states, &[&group]).await?;
    let heard = states
        .iter()
        .filter_map(|row| row.get::<_, Option<f64>>("heard"));
    Ok(FleetSummary {
        groups: groups.iter().map(|row| row.get(0)).collect(),
        heard_seconds_ago: heard.min_by(f64::total_cmp),
        states: states
            .iter()
            .map(|row| StateTotals {
                state: row.get("state"),
                hosts: row.get("hosts"),
                active: row.get("active"),
                slots: row.get("slots"),
            })
            .collect(),
    })
}
