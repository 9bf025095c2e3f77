//! The fleet's keys, which instances show when they enrol. Several may be valid: a key that replaces another is added
//! first, put into the secret `WORKER_API_KEY`, and the old one ends when no host has it any more.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::database::{Database, from_database};
use crate::problem::{Problem, ProblemKind};
use crate::ranges::KEY_END_SECONDS;
use crate::tokens::{self, MIN_KEY_CHARS};

/// A key, without its value.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkerKey {
    pub id: String,
    #[schema(value_type = String, format = DateTime)]
    pub valid_from: Timestamp,
    /// When it ends; left out: it has no end yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_to: Option<Timestamp>,
    /// When an instance last enrolled with it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub used_at: Option<Timestamp>,
}

/// Adds a key: the given one, or a new one whose value is returned once.
///
/// # Errors
///
/// When it is too short or exists already, or the database does not answer.
pub async fn add(database: &Database, value: Option<&str>) -> Result<(WorkerKey, String), Problem> {
    let value = match value {
        Some(value) if value.chars().count() < MIN_KEY_CHARS || value.len() > 512 => {
            return Err(Problem::new(
                ProblemKind::KeyTooShort,
                "a key has 32 to 512 characters",
            ));
        }
        Some(value) => value.to_owned(),
        None => tokens::new_secret()?,
    };
    let id = tokens::new_id("k")?;
    let client = database.client().await?;
    let row = client
        .query_opt(
            "INSERT INTO worker_key (id, hash) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING RETURNING *",
            &[&id, &tokens::hash(&value)],
        )
        .await?;
    let row = row.ok_or(Problem::from(ProblemKind::KeyInUse))?;
    Ok((key_of(&row), value))
}

/// Ends a key after this many seconds. Hosts that have enrolled already are not concerned: they have tokens.
///
/// # Errors
///
/// When no key has this id, or the database does not answer.
pub async fn retire(
    database: &Database,
    id: &str,
    after_seconds: u32,
) -> Result<WorkerKey, Problem> {
    if !KEY_END_SECONDS.contains(&after_seconds) {
        let detail = format!("`afterSeconds` is {} at the most", KEY_END_SECONDS.end());
        return Err(Problem::new(ProblemKind::ValueOutOfRange, detail));
    }
    let client = database.client().await?;
    let row = client
        .query_opt(
            "UPDATE worker_key SET valid_to = now() + make_interval(secs => $2) WHERE id = $1 RETURNING *",
            &[&id, &f64::from(after_seconds)],
        )
        .await?;
    Ok(key_of(&row.ok_or(Problem::from(ProblemKind::KeyUnknown))?))
}

/// Every key, the newest first.
///
/// # Errors
///
/// When the database does not answer.
pub async fn list(database: &Database) -> Result<Vec<WorkerKey>, Problem> {
    let client = database.client().await?;
    let rows = client
        .query("SELECT * FROM worker_key ORDER BY valid_from DESC, id", &[])
        .await?;
    Ok(rows.iter().map(key_of).collect())
}

/// Whether a key counts now, which is noted.
///
/// # Errors
///
/// When the database does not answer.
pub async fn accepts(database: &Database, value: &str) -> Result<bool, Problem> {
    let client = database.client().await?;
    let statement = client
        .prepare_cached(
            "SELECT id, used_at IS NULL OR used_at < now() - interval '1 minute' AS stale FROM worker_key
             WHERE hash = $1 AND valid_from <= now() AND (valid_to IS NULL OR valid_to > now())",
        )
        .await?;
    let Some(row) = client
        .query_opt(&statement, &[&tokens::hash(value)])
        .await?
    else {
        return Ok(false);
    };
    // A whole fleet that enrols writes this row once a minute.
    if row.get("stale") {
        let id: String = row.get("id");
        client
            .execute(
                "UPDATE worker_key SET used_at = now() WHERE id = $1",
                &[&id],
            )
            .await?;
    }
    Ok(true)
}

fn key_of(row: &tokio_postgres::Row) -> WorkerKey {
    WorkerKey {
        id: row.get("id"),
        valid_from: from_database(row.get("valid_from")),
        valid_to: row.get::<_, Option<_>>("valid_to").map(from_database),
        used_at: row.get::<_, Option<_>>("used_at").map(from_database),
    }
}
