//! Tells people what was found: in the log, in the list of findings, and by the fleet's topic.

use crate::aws::Aws;
use crate::control::Control;
use crate::leader::Lease;
use crate::reaper::{self, Finding, FindingKind};

/// Stores the findings of these kinds in place of the earlier ones, and tells of those that nobody has been told of: again
/// each minute, until the topic takes it.
pub async fn tell(
    control: &Control,
    aws: &Aws,
    lease: &Lease,
    kinds: &[FindingKind],
    findings: &[Finding],
) {
    let untold = match reaper::store(&control.database, kinds, findings).await {
        Ok(untold) => untold,
        Err(problem) => {
            tracing::error!(%problem, ?findings, "findings cannot be written down");
            return;
        }
    };
    for finding in untold {
        tracing::error!(
            kind = finding.kind.as_str(),
            subject = finding.subject,
            detail = finding.detail,
            "found"
        );
        if let Err(reason) = publish(control, aws, lease, &finding).await {
            let subject = finding.subject;
            tracing::error!(reason, subject, "nobody could be told by the topic");
        } else if let Err(problem) = reaper::told(&control.database, &finding).await {
            tracing::warn!(%problem, "people may be told once more");
        }
    }
}

async fn publish(
    control: &Control,
    aws: &Aws,
    lease: &Lease,
    finding: &Finding,
) -> Result<(), String> {
    let fleet = control
        .fleets
        .iter()
        .find(|fleet| Some(&fleet.group) == finding.group.as_ref());
    let Some((fleet, topic)) = fleet.and_then(|fleet| Some((fleet, fleet.alerts_topic.as_ref()?)))
    else {
        return Ok(());
    };
    // To be told twice harms nobody, so the leader before this one is not waited for.
    let permit = lease.renew().await.map_err(|error| error.to_string())?;
    let subject = format!("{}: {}", fleet.group, finding.kind.title());
    let message = format!(
        "{}: {}\n\n{}\n",
        finding.kind.title(),
        finding.subject,
        finding.detail
    );
    aws.publish(&fleet.region, topic, &subject, &message, &permit)
        .await
        .map_err(|error| error.to_string())
}
