//! The audit log: what was intended before the act, and what became of it afterwards. Refused requests stand there too.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Actor, Role};
use crate::database::{Database, from_database};
use crate::problem::{Problem, ProblemKind};
use crate::registry::plain;
use crate::tokens;

/// The most rows of one response.
pub const MAX_ROWS: i64 = 500;
/// The most characters of a reason.
pub const MAX_REASON_CHARS: usize = 256;

/// An act that is about to happen.
#[derive(Clone, Debug)]
pub struct Act<'a> {
    pub actor: &'a Actor,
    /// What is done, such as `order.drain`.
    pub action: &'a str,
    /// What it is done to.
    pub target: &'a str,
    pub reason: &'a str,
}

/// A row of the log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    pub id: i64,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub actor: String,
    pub role: String,
    pub address: String,
    pub action: String,
    pub target: String,
    pub reason: String,
    /// The rows of one act have the same.
    pub act: String,
    /// `intended`, then `done`, `refused` or `failed`.
    pub outcome: String,
    pub detail: String,
}

/// Writes down what is intended, does it, and writes down what became of it.
///
/// # Errors
///
/// Those of the act. Nothing is done that cannot be written down.
pub async fn record<T>(
    database: &Database,
    act: Act<'_>,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    record_with(database, act, "", work).await
}

/// The same for an act that needs a role and a reason, with a detail of what is intended. Who lacks either is refused, which
/// is written down as well.
///
/// # Errors
///
/// As [`record`], and when the role is too low or the reason says nothing.
pub async fn record_permitted<T>(
    database: &Database,
    act: Act<'_>,
    role: Role,
    intended: &str,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let (actor, reason) = (act.actor, act.reason);
    let permitted = async {
        actor.require(role)?;
        check_reason(reason)?;
        work.await
    };
    record_with(database, act, intended, permitted).await
}

fn check_reason(reason: &str) -> Result<(), Problem> {
    let says_nothing = reason.trim().is_empty();
    if says_nothing || reason.chars().count() > MAX_REASON_CHARS || reason.contains('\0') {
        return Err(Problem::from(ProblemKind::ReasonMissing));
    }
    Ok(())
}

async fn record_with<T>(
    database: &Database,
    act: Act<'_>,
    intended: &str,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let id = tokens::new_id("a")?;
    write(database, &act, &id, "intended", intended).await?;
    let result = work.await;
    let (outcome, detail) = match &result {
        Ok(_) => ("done", String::new()),
        Err(problem) => (
            outcome_of(problem),
            format!("{}: {}", problem.kind.code(), problem.detail),
        ),
    };
    if let Err(problem) = write(database, &act, &id, outcome, &detail).await {
        tracing::error!(act = id, outcome, %problem, "the outcome of an act could not be written to the audit log");
    }
    result
}

/// Writes down that somebody was refused before anything was intended.
pub async fn refused(database: &Database, act: Act<'_>, problem: &Problem) {
    let Ok(id) = tokens::new_id("a") else { return };
    let detail = format!("{}: {}", problem.kind.code(), problem.detail);
    if let Err(problem) = write(database, &act, &id, "refused", &detail).await {
        tracing::error!(%problem, "a refused request could not be written to the audit log");
    }
}

/// Writes down what was not done, and why.
///
/// # Errors
///
/// When the database does not answer.
pub async fn note(
    database: &Database,
    act: Act<'_>,
    outcome: &str,
    detail: &str,
) -> Result<(), Problem> {
    let id = tokens::new_id("a")?;
    write(database, &act, &id, outcome, detail).await
}

fn outcome_of(problem: &Problem) -> &'static str {
    match problem.kind {
        ProblemKind::DatabaseUnavailable
        | ProblemKind::Internal
        | ProblemKind::AwsRefused
        | ProblemKind::AwsUnavailable
        | ProblemKind::AwsUncertain
        | ProblemKind::NotLeading => "failed",
        _ => "refused",
    }
}

async fn write(
    database: &Database,
    act: &Act<'_>,
    id: &str,
    outcome: &str,
    detail: &str,
) -> Result<(), Problem> {
    let client = database.client().await?;
    let statement = client
        .prepare_cached(
            "INSERT INTO audit (actor, role, address, action, target, reason, act, outcome, detail)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .await?;
    let address = act.actor.address.to_string();
    // What somebody tried stands there even where PostgreSQL has no such text.
    let [target, reason, detail] = [act.target, act.reason, detail].map(plain);
    client
        .execute(
            &statement,
            &[
                &act.actor.name,
                &act.actor.role.as_str(),
                &address,
                &act.action,
                &target,
                &reason,
                &id,
                &outcome,
                &detail,
            ],
        )
        .await?;
    Ok(())
}

/// The rows before `before`, the newest first; of one target only, if one is given.
///
/// # Errors
///
/// When the database does not answer.
pub async fn list(
    database: &Database,
    target: Option<&str>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<AuditEntry>, Problem> {
    let client = database.client().await?;
    let rows = client
        .query(
            "SELECT * FROM audit WHERE ($1::text IS NULL OR target = $1) AND ($2::bigint IS NULL OR id < $2)
             ORDER BY id DESC LIMIT $3",
            &[&target, &before, &limit.clamp(1, MAX_ROWS)],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| AuditEntry {
            id: row.get("id"),
            at: from_database(row.get("at")),
            actor: row.get("actor"),
            role: row.get("role"),
            address: row.get("address"),
            action: row.get("action"),
            target: row.get("target"),
            reason: row.get("reason"),
            act: row.get("act"),
            outcome: row.get("outcome"),
            detail: row.get("detail"),
        })
        .collect())
}
