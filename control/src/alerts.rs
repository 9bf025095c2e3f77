//! Tells people what was found: in the log, in the list of findings, and by the fleet's topic.

use std::collections::BTreeMap;

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
    for alert in Alert::of(&untold) {
        tracing::error!(
            kind = alert.kind.as_str(),
            subjects = alert.findings.len(),
            detail = alert.message(),
            "found"
        );
        if let Err(reason) = publish(control, aws, lease, &alert).await {
            let kind = alert.kind.as_str();
            tracing::error!(reason, kind, "nobody could be told by the topic");
        } else if let Err(problem) = reaper::told(&control.database, &alert.findings).await {
            tracing::warn!(%problem, "people may be told once more");
        }
    }
}

/// The most findings of a kind that people are told of one by one.
const MAX_SINGLY: usize = 5;
/// The most findings that are named where many are told of at once.
const MAX_NAMED: usize = 20;

/// One message: of a finding, or of many of the same kind in the same group.
struct Alert {
    kind: FindingKind,
    group: Option<String>,
    findings: Vec<Finding>,
}

impl Alert {
    /// The messages that tell of all of these.
    fn of(findings: &[Finding]) -> Vec<Self> {
        let mut groups: BTreeMap<(&str, Option<&str>), Vec<&Finding>> = BTreeMap::new();
        for finding in findings {
            let key = (finding.kind.as_str(), finding.group.as_deref());
            groups.entry(key).or_default().push(finding);
        }
        let messages = groups.into_values().flat_map(|group| {
            let size = if group.len() > MAX_SINGLY {
                group.len()
            } else {
                1
            };
            group
                .chunks(size)
                .filter_map(Self::of_one_kind)
                .collect::<Vec<_>>()
        });
        messages.collect()
    }

    fn of_one_kind(findings: &[&Finding]) -> Option<Self> {
        let first = findings.first()?;
        Some(Self {
            kind: first.kind,
            group: first.group.clone(),
            findings: findings.iter().map(|finding| (*finding).clone()).collect(),
        })
    }

    fn message(&self) -> String {
        let title = self.kind.title();
        if let [finding] = self.findings.as_slice() {
            return format!("{title}: {}\n\n{}\n", finding.subject, finding.detail);
        }
        let number = self.findings.len();
        let named: String = self
            .findings
            .iter()
            .take(MAX_NAMED)
            .map(|finding| format!("\n{}: {}\n", finding.subject, finding.detail))
            .collect();
        let others = match number.saturating_sub(MAX_NAMED) {
            0 => String::new(),
            others => format!("\nand {others} more, which `valet-control findings` shows\n"),
        };
        format!("{title}: {number} of them\n{named}{others}")
    }
}

async fn publish(control: &Control, aws: &Aws, lease: &Lease, alert: &Alert) -> Result<(), String> {
    let fleet = control
        .fleets
        .iter()
        .find(|fleet| Some(&fleet.group) == alert.group.as_ref());
    let Some((fleet, topic)) = fleet.and_then(|fleet| Some((fleet, fleet.alerts_topic.as_ref()?)))
    else {
        return Ok(());
    };
    // To be told twice harms nobody, so the leader before this one is not waited for.
    let permit = lease.renew().await.map_err(|error| error.to_string())?;
    let subject = format!("{}: {}", fleet.group, alert.kind.title());
    aws.publish(&fleet.region, topic, &subject, &alert.message(), &permit)
        .await
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(number: usize, group: &str) -> Finding {
        Finding {
            kind: FindingKind::Silent,
            subject: format!("i-{number}"),
            group: Some(group.to_owned()),
            detail: "Look at it.".to_owned(),
        }
    }

    #[test]
    fn a_few_are_told_one_by_one_and_many_at_once() {
        let few = (0..5).map(|number| silent(number, "few"));
        let many = (0..22).map(|number| silent(number, "many"));
        let findings: Vec<Finding> = few.chain(many).collect();
        let alerts = Alert::of(&findings);
        let sizes: Vec<usize> = alerts.iter().map(|alert| alert.findings.len()).collect();
        assert_eq!(sizes, [1, 1, 1, 1, 1, 22]);
        assert_eq!(
            alerts[0].message(),
            "A host is silent: i-0\n\nLook at it.\n"
        );
        let message = alerts[5].message();
        assert!(
            message.starts_with("A host is silent: 22 of them\n\ni-0: Look at it.\n\ni-1: "),
            "{message}"
        );
        assert!(
            message.ends_with(
                "\ni-19: Look at it.\n\nand 2 more, which `valet-control findings` shows\n"
            ),
            "{message}"
        );
    }
}
