//! What AWS gives an account of a thing until somebody asks for more.

use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use crate::catalog::quotas;
use crate::derive::network::extra_security_groups;
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[Rule {
    code: "fleet.above-quota",
    severity: Severity::Warning,
    title: "No list is longer than the quota that an account begins with",
    reason: "AWS refuses what is above a quota, half way through the apply. By default a security group has 60 \
              outbound rules and an interface five security groups (Amazon VPC quotas), and a role ten managed \
              policies (IAM and AWS STS quotas). Each can be raised.",
    run: above_quota,
}];

/// A list of fleet.toml that a quota counts.
struct Counted {
    path: Path,
    /// Its entries and what the fleet adds to them.
    count: usize,
    quota: usize,
    /// What is counted, in the plural.
    what: &'static str,
    /// The quota's name in Service Quotas.
    name: &'static str,
}

fn counted(context: &Context<'_>) -> [Counted; 3] {
    let fleet = context.fleet;
    [
        Counted {
            path: Path::of("network.egress"),
            count: fleet.network.egress.len(),
            quota: quotas::RULES_PER_SECURITY_GROUP,
            what: "outbound rules of one security group",
            name: "Inbound or outbound rules per security group",
        },
        Counted {
            path: Path::of("network.existing.security_group_ids"),
            // The fleet's own is one more.
            count: 1 + extra_security_groups(&fleet.network).len(),
            quota: quotas::SECURITY_GROUPS_PER_INTERFACE,
            what: "security groups of one interface",
            name: "Security groups per network interface",
        },
        Counted {
            path: Path::of("iam.managed_policies"),
            count: fleet.iam.managed_policies.len(),
            quota: quotas::MANAGED_POLICIES_PER_ROLE,
            what: "managed policies of one role",
            name: "Managed policies attached to an IAM role",
        },
    ]
}

fn above_quota(context: &Context<'_>, findings: &mut Findings) {
    for Counted {
        path,
        count,
        quota,
        what,
        name,
    } in counted(context)
    {
        if count <= quota {
            continue;
        }
        findings.push(
            Finding::new(
                path,
                format!("{count} {what} are more than an account's default"),
            )
            .on_key()
            .label(format!("the quota is {quota} until it is raised"))
            .help(format!(
                "shorten the list, or have \"{name}\" raised in Service Quotas before the apply"
            )),
        );
    }
}
