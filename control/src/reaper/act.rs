//! Terminates a host.

use crate::audit::{self, Act};
use crate::aws::Aws;
use crate::config::FleetSettings;
use crate::control::Control;
use crate::leader::Lease;
use crate::problem::{Problem, ProblemKind};

/// A host that is to end.
pub struct Termination<'a> {
    pub fleet: &'a FleetSettings,
    pub instance: &'a str,
    /// Whether the group replaces it; it becomes smaller otherwise.
    pub is_replaced: bool,
    /// Whether it is left alone unless it is in service.
    pub needs_service: bool,
    /// Whether the next replacement waits after it.
    pub counts_for_pause: bool,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminationOutcome {
    /// AWS was asked, and terminates it.
    Requested,
    /// It was terminating already, or is not in the group any more. AWS was not asked.
    AlreadyTerminating,
}

/// Looks at the host once more, writes down what is intended, makes sure that this replica leads, and terminates it.
///
/// # Errors
///
/// When AWS does not do it, this replica does not lead any more, or the intent cannot be written down.
pub async fn terminate(
    control: &Control,
    aws: &Aws,
    lease: &Lease,
    act: Act<'_>,
    termination: &Termination<'_>,
) -> Result<TerminationOutcome, Problem> {
    let Termination {
        fleet, instance, ..
    } = termination;
    let groups = aws
        .auto_scaling_groups(&fleet.region, std::slice::from_ref(&fleet.group))
        .await?;
    let group = groups.iter().find(|group| group.name == fleet.group);
    let Some(group) = group.filter(|group| group.account == fleet.account) else {
        return Err(Problem::new(ProblemKind::FleetUnreadable, &fleet.group));
    };
    let member = group.instances.iter().find(|member| member.id == *instance);
    let Some(member) = member.filter(|member| !member.lifecycle.starts_with("Terminat")) else {
        return Ok(TerminationOutcome::AlreadyTerminating);
    };
    if termination.needs_service && member.lifecycle != "InService" {
        let detail = format!("{instance} is {}", member.lifecycle);
        return Err(Problem::new(ProblemKind::HostInTransition, detail));
    }
    let work = async {
        if termination.counts_for_pause {
            let client = control.database.client().await?;
            client
                .execute(
                    "UPDATE leader SET replaced_at = now() WHERE epoch = $1",
                    &[&lease.epoch],
                )
                .await?;
        }
        // Nothing that may take long stands between this and the call.
        let permit = lease.permit().await?;
        aws.terminate_instance(&fleet.region, instance, termination.is_replaced, &permit)
            .await?;
        Ok(TerminationOutcome::Requested)
    };
    audit::record(&control.database, act, work).await
}
