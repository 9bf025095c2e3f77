//! Rules about the records of the VPC's traffic.

use super::super::finding::{Finding, Findings};
use super::super::rule::{Context, Rule};
use crate::catalog::log_retention;
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[Rule {
    code: "network.flow-logs-retention",
    severity: Severity::Error,
    title: "Flow logs have a retention that CloudWatch Logs accepts",
    reason: "PutRetentionPolicy accepts a fixed list of days (CloudWatch Logs API reference).",
    run: retention,
}];

fn retention(context: &Context<'_>, findings: &mut Findings) {
    let days = context.fleet.network.flow_logs.retention_in_days;
    if !log_retention::DAYS.contains(&days) {
        findings.push(
            Finding::new(
                Path::of("network.flow_logs.retention_in_days"),
                format!("CloudWatch Logs has no retention of {days} days"),
            )
            .label("not a retention that CloudWatch Logs accepts")
            .help(format!(
                "the next longer one is {}",
                log_retention::at_least(days)
            )),
        );
    }
}
