//! What a person should know, for as long as it is so.

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
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let keys: Vec<String> = findings
        .iter()
        .map(|finding| format!("{} {}", finding.kind.as_str(), finding.subject))
        .collect();
    transaction
        .execute(
            "DELETE FROM finding WHERE kind = ANY ($1) AND NOT kind || ' ' || subject = ANY ($2)",
            &[&kinds, &keys],
        )
        .await?;
    let mut untold = Vec::new();
    for finding in findings {
        transaction
            .execute(
                "INSERT INTO finding (kind, subject, group_name, detail) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (kind, subject) DO UPDATE SET detail = excluded.detail",
                &[
                    &finding.kind.as_str(),
                    &finding.subject,
                    &finding.group,
                    &finding.detail,
                ],
            )
            .await?;
        let is_due = transaction
            .execute(
                "UPDATE finding SET tried_at = now() WHERE kind = $1 AND subject = $2 AND told_at IS NULL
                    AND (tried_at IS NULL OR tried_at < now() - interval '1 minute')",
                &[&finding.kind.as_str(), &finding.subject],
            )
            .await?;
        if is_due == 1 {
            untold.push(finding.clone());
        }
    }
    transaction.commit().await?;
    Ok(untold)
}

/// Writes down that people were told of a finding.
///
/// # Errors
///
/// When the database does not answer.
pub async fn told(database: &Database, finding: &Finding) -> Result<(), Problem> {
    let client = database.client().await?;
    client
        .execute(
            "UPDATE finding SET told_at = now() WHERE kind = $1 AND subject = $2",
            &[&finding.kind.as_str(), &finding.subject],
        )
        .await?;
    Ok(())
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
