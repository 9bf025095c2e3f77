//! Tells people what was found: in the log, in the list of findings, and by the fleet's topic.

use crate::aws::Aws;
use crate::control::Control;
use crate::leader::Lease;
use crate::reaper::{self, Finding, FindingKind};

/// Stores the findings of these kinds in place of the earlier ones, and tells of those that are new.
pub async fn tell(
    control: &Control,
    aws: &Aws,
    lease: &Lease,
    kinds: &[FindingKind],
    findings: &[Finding],
) {
    let new = match reaper::store(&control.database, kinds, findings).await {
        Ok(new) => new,
        Err(problem) => {
            tracing::error!(%problem, ?findings, "findings cannot be written down");
            return;
        }
    };
    for finding in new {
        tracing::error!(
            kind = finding.kind.as_str(),
            subject = finding.subject,
            detail = finding.detail,
            "found"
        );
        if let Err(reason) = publish(control, aws, lease, &finding).await {
            tracing::error!(
                reason,
                subject = finding.subject,
                "nobody could be told by the topic"
            );
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
    let permit = lease.permit().await.map_err(|error| error.to_string())?;
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
