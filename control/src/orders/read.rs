//! Orders that were given.

use super::FleetOrder;
use super::order::order_of;
use crate::database::Database;
use crate::problem::{Problem, ProblemKind};

/// The most rows of one response.
pub const MAX_ROWS: i64 = 500;

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
