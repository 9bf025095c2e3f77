//! Whether AWS has an instance running in one of our groups, by the list that the leader reads once a minute. No enrolment
//! asks AWS itself, however many there are.

use crate::control::Control;
use crate::identity::IdentityDocument;
use crate::problem::{Problem, ProblemKind};

/// What the list says of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// There is no list, or it is too old to say anything: AWS is not asked, or does not answer.
    NoList,
    /// It runs in one of our groups.
    Runs,
    /// It is not there yet.
    Missing,
    /// It does not run, or is in none of our groups.
    Elsewhere,
}

impl Listing {
    /// Refuses what the list does not have.
    ///
    /// # Errors
    ///
    /// When the instance is not there yet, or is there and does not run in a group of ours.
    pub fn admit(self, instance: &str) -> Result<(), Problem> {
        match self {
            Self::NoList | Self::Runs => Ok(()),
            Self::Missing => Err(Problem::new(ProblemKind::InstanceNotListed, instance)),
            Self::Elsewhere => Err(Problem::new(ProblemKind::InstanceNotRunning, instance)),
        }
    }
}

/// Looks into the list. Where the instance is missing, the leader is asked to read it anew.
///
/// # Errors
///
/// When the database does not answer.
pub async fn of(control: &Control, document: &IdentityDocument) -> Result<Listing, Problem> {
    if control.aws.is_none() {
        return Ok(Listing::NoList);
    }
    let client = control.database.client().await?;
    let place: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
        [&document.account_id, &document.region];
    let is_fresh = client
        .query_one(
            "SELECT coalesce(bool_or(read_at > now() - interval '5 minutes'), false) FROM fleet_group
             WHERE account = $1 AND region = $2",
            &place,
        )
        .await?;
    if !is_fresh.get::<_, bool>(0) {
        return Ok(Listing::NoList);
    }
    let row = client
        .query_opt(
            "SELECT state, group_name FROM aws_instance WHERE instance_id = $1 AND seen_at > now() - interval '10 minutes'",
            &[&document.instance_id],
        )
        .await?;
    let Some(row) = row else {
        // The first one asks; all the others wait for the same.
        client
            .execute(
                "UPDATE fleet_group SET asked_at = now()
                 WHERE account = $1 AND region = $2 AND (asked_at IS NULL OR asked_at <= read_at)",
                &place,
            )
            .await?;
        return Ok(Listing::Missing);
    };
    let runs = matches!(row.get("state"), "pending" | "running");
    let group: Option<&str> = row.get("group_name");
    let is_ours =
        group.is_some_and(|group| control.has_group(group, &document.account_id, &document.region));
    Ok(if runs && is_ours {
        Listing::Runs
    } else {
        Listing::Elsewhere
    })
}
