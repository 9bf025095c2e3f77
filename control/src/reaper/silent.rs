//! The silent hosts of a fleet, and how many hosts their zones have. Of a large fleet few are silent, so that the database
//! looks at all hosts and says nothing of most.

use std::collections::BTreeMap;
use std::time::Duration;

use deadpool_postgres::Transaction;
use tokio_postgres::{IsolationLevel, Row};

use super::rules::{HostFacts, OFFLINE_AFTER, ZoneSizes, enough, silent_by_zone};
use crate::config::FleetSettings;
use crate::database::Database;
use crate::problem::Problem;

/// The hosts of a fleet that AWS has running and that are silent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SilentHosts {
    pub hosts: Vec<HostFacts>,
    /// The worker of each, in Hatchet.
    pub workers: BTreeMap<String, Option<String>>,
    /// Of the zones in which silent hosts are in service.
    pub sizes: ZoneSizes,
}

impl SilentHosts {
    /// Reads them, as they are at one moment.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn read(database: &Database, fleet: &FleetSettings) -> Result<Self, Problem> {
        let mut client = database.client().await?;
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        // The second bound says nothing but that there are few: with one, PostgreSQL expects a third of all hosts.
        let rows = transaction
            .query(
                "SELECT instance_id, aws.group_name, zone, silence, aws.lifecycle, worker_id
                 FROM pulses JOIN sandbox USING (instance_id) JOIN aws_instance AS aws USING (instance_id)
                 WHERE silence > $4 AND silence < 'infinity' AND gone_at IS NULL AND aws.state = 'running' AND aws.group_name = $1
                    AND aws.account = $2 AND aws.region = $3",
                &[
                    &fleet.group,
                    &fleet.account,
                    &fleet.region,
                    &OFFLINE_AFTER.as_secs_f64(),
                ],
            )
            .await?;
        let facts = |row: &Row| HostFacts {
            instance: row.get("instance_id"),
            group: row.get("group_name"),
            zone: row.get("zone"),
            silence: seconds(row.get("silence")),
            is_in_service: row.get::<_, Option<&str>>("lifecycle") == Some("InService"),
        };
        let hosts: Vec<HostFacts> = rows.iter().map(facts).collect();
        let worker = |row: &Row| (row.get("instance_id"), row.get("worker_id"));
        let workers = rows.iter().map(worker).collect();
        let sizes = sizes(&transaction, fleet, &hosts).await?;
        transaction.commit().await?;
        Ok(Self {
            hosts,
            workers,
            sizes,
        })
    }
}

/// How many hosts are in service in the zones of those that are silent: each zone is counted until there are enough.
async fn sizes(
    transaction: &Transaction<'_>,
    fleet: &FleetSettings,
    silent: &[HostFacts],
) -> Result<ZoneSizes, Problem> {
    let silent = silent_by_zone(silent);
    if silent.is_empty() {
        return Ok(ZoneSizes::new());
    }
    let zones: Vec<&str> = silent.keys().map(|(_, zone)| zone.as_str()).collect();
    let limits = silent.values().map(|silent| enough(*silent));
    let limits: Vec<i64> = limits
        .map(|limit| i64::try_from(limit).unwrap_or(i64::MAX))
        .collect();
    let rows = transaction
        .query(
            "SELECT silent.zone, (
                SELECT count(*) FROM (
                    SELECT FROM sandbox JOIN aws_instance AS aws USING (instance_id)
                    WHERE sandbox.zone = silent.zone AND gone_at IS NULL AND aws.state = 'running'
                       AND aws.lifecycle = 'InService' AND aws.group_name = $1 AND aws.account = $2 AND aws.region = $3
                    LIMIT silent.enough
                ) AS counted
             ) AS hosts
             FROM unnest($4::text[], $5::bigint[]) AS silent (zone, enough)",
            &[&fleet.group, &fleet.account, &fleet.region, &zones, &limits],
        )
        .await?;
    let size = |row: &Row| {
        let hosts: i64 = row.get("hosts");
        let zone = (fleet.group.clone(), row.get("zone"));
        (zone, usize::try_from(hosts).unwrap_or_default())
    };
    Ok(rows.iter().map(size).collect())
}

/// Nothing where there is none, or where it is none.
pub fn seconds(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}
