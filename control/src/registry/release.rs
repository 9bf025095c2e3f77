//! An operator vouches for hosts that could not enrol by themselves.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::Control;
use crate::problem::{Problem, ProblemKind};
use crate::ranges::RELEASE_SECONDS;

/// What is released.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ReleaseTarget {
    /// One instance, by its id. Its next enrolment is accepted.
    Host(String),
    /// Every instance of an Auto Scaling group that has not enrolled yet: a fleet that ran before the server.
    Group(String),
}

/// Accepts enrolments for this many seconds that are refused otherwise.
///
/// # Errors
///
/// When the group is no fleet of this server, the time is out of range, or the database does not answer.
pub async fn release(
    control: &Control,
    target: &ReleaseTarget,
    seconds: u32,
) -> Result<(), Problem> {
    if !RELEASE_SECONDS.contains(&seconds) {
        let detail = format!("`seconds` is from 1 to {}", RELEASE_SECONDS.end());
        return Err(Problem::new(ProblemKind::ValueOutOfRange, detail));
    }
    let (name, is_group) = match target {
        ReleaseTarget::Host(id) => (id, false),
        ReleaseTarget::Group(group) => (group, true),
    };
    if is_group && !control.fleets.iter().any(|fleet| fleet.group == *name) {
        return Err(Problem::new(ProblemKind::GroupNotAllowed, name));
    }
    if name.is_empty() || name.len() > 255 {
        return Err(Problem::new(
            ProblemKind::ValueOutOfRange,
            "a target has 1 to 255 characters",
        ));
    }
    let client = control.database.client().await?;
    client
        .execute(
            "INSERT INTO release (target, is_group, until) VALUES ($1, $2, now() + make_interval(secs => $3))
             ON CONFLICT (target) DO UPDATE SET until = excluded.until, is_group = excluded.is_group",
            &[&name, &is_group, &f64::from(seconds)],
        )
        .await?;
    Ok(())
}
