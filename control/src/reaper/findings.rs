//! What a person should know, for as long as it is so.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::database::{Database, from_database};
use crate::problem::{Problem, ProblemKind};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum FindingKind {
    /// A host is dead by two witnesses.
    Zombie,
    /// A host's agent is silent, and Hatchet hears its worker.
    Deaf,
    /// A host's agent is silent, and there is no second witness.
    Silent,
    /// Too many hosts of a zone are silent to replace any.
    ZoneImpaired,
    /// AWS does not show a fleet's group.
    GroupUnreadable,
}

impl FindingKind {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Zombie,
        Self::Deaf,
        Self::Silent,
        Self::ZoneImpaired,
        Self::GroupUnreadable,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zombie => "zombie",
            Self::Deaf => "deaf",
            Self::Silent => "silent",
            Self::ZoneImpaired => "zoneImpaired",
            Self::GroupUnreadable => "groupUnreadable",
        }
    }

    /// Whether it is about one host.
    #[must_use]
    pub const fn is_of_host(self) -> bool {
        matches!(self, Self::Zombie | Self::Deaf | Self::Silent)
    }

    /// In words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Zombie => "A host is dead",
            Self::Deaf => "A host works and is not heard",
            Self::Silent => "A host is silent",
            Self::ZoneImpaired => "Too many hosts of a zone are silent",
            Self::GroupUnreadable => "AWS does not show a group",
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let named = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        named.ok_or(Problem::from(ProblemKind::Internal))
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kind: FindingKind,
    /// The host, zone or group.
    pub subject: String,
    pub group: Option<String>,
    pub detail: String,
}

/// The same, as people read it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenFinding {
    pub kind: FindingKind,
    /// In words.
    pub title: String,
    /// The host, zone or group.
    pub subject: String,
    pub group: Option<String>,
    /// What is known, and what is done about it.
    pub detail: String,
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// Stores the findings of these kinds in place of the earlier ones. Returns those that people have not been told of, each
/// once a minute.
///
/// # Errors
///
/// When the database does not answer.
pub async fn store(
    database: &Database,
    kinds: &[FindingKind],
    findings: &[Finding],
) -> Result<Vec<Finding>, Problem> {
    let mut client = database.client().await?;
    let transaction = client.transaction().await?;
    let stored_kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let (kinds, subjects) = keys(findings);
    let groups: Vec<Option<&str>> = findings.iter().map(|one| one.group.as_deref()).collect();
    let details: Vec<&str> = findings.iter().map(|one| one.detail.as_str()).collect();
    transaction
        .execute(
            "DELETE FROM finding WHERE kind = ANY ($1) AND NOT EXISTS (
                 SELECT FROM unnest($2::text[], $3::text[]) AS still (kind, subject)
                 WHERE still.kind = finding.kind AND still.subject = finding.subject)",
            &[&stored_kinds, &kinds, &subjects],
        )
        .await?;
    transaction
        .execute(
            "INSERT INTO finding (kind, subject, group_name, detail)
             SELECT DISTINCT ON (kind, subject) *
             FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS now (kind, subject, group_name, detail)
             ON CONFLICT (kind, subject) DO UPDATE SET detail = excluded.detail",
            &[&kinds, &subjects, &groups, &details],
        )
        .await?;
    let untold = transaction
        .query(
            "UPDATE finding SET tried_at = now() FROM unnest($1::text[], $2::text[]) AS now (kind, subject)
             WHERE finding.kind = now.kind AND finding.subject = now.subject AND told_at IS NULL
                AND (tried_at IS NULL OR tried_at < now() - interval '1 minute')
             RETURNING finding.kind, finding.subject",
            &[&kinds, &subjects],
        )
        .await?;
    transaction.commit().await?;
    let untold: BTreeSet<(&str, &str)> =
        untold.iter().map(|row| (row.get(0), row.get(1))).collect();
    let is_untold = |one: &&Finding| untold.contains(&(one.kind.as_str(), one.subject.as_str()));
    Ok(findings.iter().filter(is_untold).cloned().collect())
}

/// Kinds and subjects, in two columns.
fn keys(findings: &[Finding]) -> (Vec<&str>, Vec<&str>) {
    findings
        .iter()
        .map(|one| (one.kind.as_str(), one.subject.as_str()))
        .unzip()
}

/// Writes down that people were told of these findings.
///
/// # Errors
///
/// When the database does not answer.
pub async fn told(database: &Database, findings: &[Finding]) -> Result<(), Problem> {
    let client = database.client().await?;
    let (kinds, subjects) = keys(findings);
    client
        .execute(
            "UPDATE finding SET told_at = now() FROM unnest($1::text[], $2::text[]) AS told (kind, subject)
             WHERE finding.kind = told.kind AND finding.subject = told.subject",
            &[&kinds, &subjects],
        )
        .await?;
    Ok(())
}

/// Whether this was found before.
///
/// # Errors
///
/// When the database does not answer.
pub async fn is_known(
    database: &Database,
    kind: FindingKind,
    subject: &str,
) -> Result<bool, Problem> {
    let client = database.client().await?;
    let row = client
        .query_one(
            "SELECT EXISTS (SELECT FROM finding WHERE kind = $1 AND subject = $2)",
            &[&kind.as_str(), &subject],
        )
        .await?;
    Ok(row.get(0))
}

/// What is found now, the newest first.
///
/// # Errors
///
/// When the database does not answer.
pub async fn list(database: &Database) -> Result<Vec<OpenFinding>, Problem> {
    let client = database.client().await?;
    let rows = client
        .query(
            "SELECT * FROM finding ORDER BY since DESC, kind, subject LIMIT 500",
            &[],
        )
        .await?;
    // One that a newer release found and this one does not know is left out, as in the stream of events.
    let known = rows.iter().filter_map(|row| {
        let kind = FindingKind::parse(row.get("kind")).ok()?;
        Some(OpenFinding {
            kind,
            title: kind.title().to_owned(),
            subject: row.get("subject"),
            group: row.get("group_name"),
            detail: row.get("detail"),
            since: from_database(row.get("since")),
        })
    });
    Ok(known.collect())
}
