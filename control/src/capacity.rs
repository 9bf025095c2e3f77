//! How many hosts a fleet should have, which operators say and AWS does.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Actor, Role};
use crate::audit::{self, Act};
use crate::aws::Permit;
use crate::control::Control;
use crate::problem::{Problem, ProblemKind};

/// A change of how many hosts a fleet should have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CapacityChange {
    /// The Auto Scaling group's name.
    pub id: String,
    /// How many there should have been before.
    pub before: u32,
    pub desired: u32,
}

/// Says how many hosts a fleet should have.
///
/// # Errors
///
/// When the role is too low, the fleet is unknown, the number is outside of the group's limits, or AWS does not do it. All
/// of it stands in the audit log.
pub async fn set(
    control: &Control,
    actor: &Actor,
    fleet: &str,
    desired: u32,
    reason: &str,
) -> Result<CapacityChange, Problem> {
    let act = Act {
        actor,
        action: "fleet.capacity",
        target: fleet,
        reason,
    };
    let work = async {
        let known = control.fleets.iter().find(|known| known.group == fleet);
        let known = known.ok_or_else(|| Problem::new(ProblemKind::FleetUnknown, fleet))?;
        let aws = control
            .aws
            .as_ref()
            .ok_or(Problem::from(ProblemKind::AwsDisabled))?;
        let groups = aws
            .auto_scaling_groups(&known.region, std::slice::from_ref(&known.group))
            .await?;
        let group = groups
            .iter()
            .find(|group| group.name == known.group && group.account == known.account)
            .ok_or_else(|| Problem::new(ProblemKind::FleetUnreadable, fleet))?;
        if !(group.min..=group.max).contains(&desired) {
            let detail = format!("`desired` is from {} to {}", group.min, group.max);
            return Err(Problem::new(ProblemKind::ValueOutOfRange, detail));
        }
        aws.set_desired_capacity(&known.region, fleet, desired, &Permit::of_request())
            .await?;
        Ok(CapacityChange {
            id: fleet.to_owned(),
            before: group.desired,
            desired,
        })
    };
    let detail = format!("desired: {desired}");
    audit::record_permitted(&control.database, act, Role::Operator, &detail, work).await
}
