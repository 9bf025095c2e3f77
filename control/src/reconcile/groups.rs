//! The groups, as AWS said last.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::Control;
use crate::database::from_database;
use crate::problem::Problem;

/// A fleet's Auto Scaling group. What AWS has not said is left out.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FleetGroup {
    /// The group's name.
    pub id: String,
    pub account: String,
    pub region: String,
    pub min: Option<i32>,
    pub max: Option<i32>,
    pub desired: Option<i32>,
    pub in_service: Option<i32>,
    /// When AWS said so.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read_at: Option<Timestamp>,
    /// Why AWS says no more.
    pub problem: Option<String>,
}

/// Every fleet of the configuration.
///
/// # Errors
///
/// When the database does not answer.
pub async fn list(control: &Control) -> Result<Vec<FleetGroup>, Problem> {
    let client = control.database.client().await?;
    let rows = client.query("SELECT * FROM fleet_group", &[]).await?;
    let fleets = control.fleets.iter().map(|fleet| {
        let row = rows.iter().find(|row| {
            row.get::<_, &str>("name") == fleet.group
                && row.get::<_, &str>("account") == fleet.account
                && row.get::<_, &str>("region") == fleet.region
        });
        let number = |column: &str| row.and_then(|row| row.get(column));
        FleetGroup {
            id: fleet.group.clone(),
            account: fleet.account.clone(),
            region: fleet.region.clone(),
            min: number("min_size"),
            max: number("max_size"),
            desired: number("desired"),
            in_service: number("in_service"),
            read_at: row
                .and_then(|row| row.get::<_, Option<_>>("read_at"))
                .map(from_database),
            problem: row.and_then(|row| row.get("problem")),
        }
    });
    Ok(fleets.collect())
}
