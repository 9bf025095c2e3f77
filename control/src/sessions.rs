//! Sessions: each task that a host ran under a lease.

use deadpool_postgres::Transaction;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use valet_protocol::heartbeat_v2::{ActiveLease, EndedSession, SessionOutcome};

use crate::database::{Database, from_database, to_database};
use crate::problem::Problem;

/// The most rows of one response.
pub const MAX_ROWS: i64 = 500;
/// The most characters of a task's name that are kept.
const MAX_TASK_CHARS: usize = 256;

/// A session.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub instance_id: String,
    /// The lease.
    pub id: String,
    /// Hatchet's name or id of the task.
    pub task: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// `finished`, `failed`, `abandoned`, `revoked` or `lost`; left out while it runs.
    pub outcome: Option<String>,
}

/// Which sessions are listed.
#[derive(Clone, Debug, Default)]
pub struct SessionQuery<'a> {
    pub instance: Option<&'a str>,
    /// Only those that run.
    pub running: bool,
    /// Only those that started before this time.
    pub before: Option<Timestamp>,
    pub limit: i64,
}

/// The sessions, the newest first.
///
/// # Errors
///
/// When the database does not answer.
pub async fn list(database: &Database, query: &SessionQuery<'_>) -> Result<Vec<Session>, Problem> {
    let client = database.client().await?;
    let before = query.before.map(to_database);
    let rows = client
        .query(
            "SELECT instance_id, lease_id, task, started_at, ended_at, outcome FROM session
             WHERE ($1::text IS NULL OR instance_id = $1) AND (NOT $2 OR ended_at IS NULL)
                AND ($3::timestamptz IS NULL OR started_at < $3)
             ORDER BY started_at DESC, lease_id LIMIT $4",
            &[
                &query.instance,
                &query.running,
                &before,
                &query.limit.clamp(1, MAX_ROWS),
            ],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Session {
            instance_id: row.get("instance_id"),
            id: row.get("lease_id"),
            task: row.get("task"),
            started_at: from_database(row.get("started_at")),
            ended_at: row.get::<_, Option<_>>("ended_at").map(from_database),
            outcome: row.get("outcome"),
        })
        .collect())
}

/// Tasks that run on a host. Those that are known already stay as they are.
pub(crate) async fn started(
    transaction: &Transaction<'_>,
    instance: &str,
    boot: &str,
    leases: &[ActiveLease],
) -> Result<(), Problem> {
    if leases.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = leases.iter().map(|lease| lease.id.as_str()).collect();
    let tasks: Vec<Option<String>> = leases
        .iter()
        .map(|lease| task_name(lease.task.as_deref()))
        .collect();
    let starts: Vec<_> = leases
        .iter()
        .map(|lease| to_database(lease.started_at))
        .collect();
    let statement = transaction
        .prepare_cached(
            "INSERT INTO session (instance_id, boot_id, lease_id, task, started_at)
             SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::timestamptz[]) ON CONFLICT DO NOTHING",
        )
        .await?;
    transaction
        .execute(&statement, &[&instance, &boot, &ids, &tasks, &starts])
        .await?;
    Ok(())
}

/// Tasks that ended on a host. What is known of an end stays; that it was lost was only our guess.
pub(crate) async fn ended(
    transaction: &Transaction<'_>,
    instance: &str,
    boot: &str,
    sessions: &[EndedSession],
) -> Result<(), Problem> {
    if sessions.is_empty() {
        return Ok(());
    }
    // One statement may not touch a row twice.
    let mut seen = std::collections::BTreeSet::new();
    let sessions: Vec<&EndedSession> = sessions
        .iter()
        .filter(|session| seen.insert(&session.id))
        .collect();
    let ids: Vec<&str> = sessions.iter().map(|session| session.id.as_str()).collect();
    let tasks: Vec<Option<String>> = sessions
        .iter()
        .map(|session| task_name(session.task.as_deref()))
        .collect();
    let starts: Vec<_> = sessions
        .iter()
        .map(|session| to_database(session.started_at))
        .collect();
    let ends: Vec<_> = sessions
        .iter()
        .map(|session| to_database(session.ended_at))
        .collect();
    let outcomes: Vec<&str> = sessions
        .iter()
        .map(|session| outcome_name(session.outcome))
        .collect();
    let statement = transaction
        .prepare_cached(
            "INSERT INTO session (instance_id, boot_id, lease_id, task, started_at, ended_at, outcome)
             SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[])
             ON CONFLICT (instance_id, lease_id) DO UPDATE
                SET ended_at = excluded.ended_at, outcome = excluded.outcome, task = coalesce(session.task, excluded.task)
                WHERE session.outcome IS NULL OR session.outcome = 'lost'",
        )
        .await?;
    transaction
        .execute(
            &statement,
            &[&instance, &boot, &ids, &tasks, &starts, &ends, &outcomes],
        )
        .await?;
    Ok(())
}

fn task_name(task: Option<&str>) -> Option<String> {
    let plain = |task: &str| {
        task.replace('\0', "")
            .chars()
            .take(MAX_TASK_CHARS)
            .collect()
    };
    task.map(plain)
}

const fn outcome_name(outcome: SessionOutcome) -> &'static str {
    match outcome {
        SessionOutcome::Finished => "finished",
        SessionOutcome::Failed => "failed",
        SessionOutcome::Abandoned => "abandoned",
        SessionOutcome::Revoked => "revoked",
    }
}
