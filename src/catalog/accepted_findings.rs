//! Findings of scanners that do not fit a rendered resource, each with its reason.
//!
//! A template names an entry with `{{checkov_skip "name"}}` inside the resource or with
//! `{{trivy_ignore "name"}}` above it. The comment that the scanner reads is made from the entry, so
//! that no reason is typed twice and no scanner of a user's repository stops at what another one was
//! told to accept.

/// A finding that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptedFinding {
    /// What templates call it.
    pub name: &'static str,
    /// checkov's id of the check, where checkov has one.
    pub checkov: Option<&'static str>,
    /// trivy's id of the check, where trivy has one that finds something.
    pub trivy: Option<&'static str>,
    pub reason: &'static str,
}

/// Every finding that is accepted.
pub const ACCEPTED_FINDINGS: &[AcceptedFinding] = &[
    AcceptedFinding {
        name: "worker-egress",
        checkov: None,
        trivy: Some("AWS-0104"),
        reason: "browsers open pages anywhere on the internet; only the ports that fleet.toml lists \
                 are open",
    },
    AcceptedFinding {
        name: "bake-egress",
        checkov: None,
        trivy: Some("AWS-0104"),
        reason: "package archives have no fixed addresses; a build host lives as long as its bake \
                 and holds no secret of the fleet",
    },
    AcceptedFinding {
        name: "key-policy-administration",
        checkov: Some("CKV_AWS_109"),
        trivy: None,
        reason: "a key policy applies to its own key only, * is that key, and the account must be \
                 able to administer it",
    },
    AcceptedFinding {
        name: "key-policy-write",
        checkov: Some("CKV_AWS_111"),
        trivy: None,
        reason: "a key policy applies to its own key only, * is that key",
    },
    AcceptedFinding {
        name: "key-policy-resource",
        checkov: Some("CKV_AWS_356"),
        trivy: None,
        reason: "a key policy applies to its own key only, * is that key",
    },
    AcceptedFinding {
        name: "secret-rotation",
        checkov: Some("CKV2_AWS_57"),
        trivy: None,
        reason: "only the Valet API can issue a new value, so nothing can rotate it \
                 automatically; the tag says when it is due",
    },
    AcceptedFinding {
        name: "session-bucket-access-logs",
        checkov: Some("CKV_AWS_18"),
        trivy: Some("AWS-0089"),
        reason: "CloudTrail's data events record who reads or deletes a session log; server \
                 access logs repeat that later and incompletely",
    },
    AcceptedFinding {
        name: "session-bucket-replication",
        checkov: Some("CKV_AWS_144"),
        trivy: None,
        reason: "CloudWatch Logs has the same log; a copy in a second region would have to be \
                 protected too",
    },
    AcceptedFinding {
        name: "session-bucket-notifications",
        checkov: Some("CKV2_AWS_62"),
        trivy: None,
        reason: "nothing acts on a new session log",
    },
    AcceptedFinding {
        name: "bake-bucket-access-logs",
        checkov: Some("CKV_AWS_18"),
        trivy: Some("AWS-0089"),
        reason: "a bundle is named by its digest, which the build host verifies; who reads one \
                 learns what the image holds anyway",
    },
    AcceptedFinding {
        name: "bake-bucket-replication",
        checkov: Some("CKV_AWS_144"),
        trivy: None,
        reason: "a bake uploads the bundle again where it is missing",
    },
    AcceptedFinding {
        name: "bake-bucket-notifications",
        checkov: Some("CKV2_AWS_62"),
        trivy: None,
        reason: "nothing acts on a new bundle",
    },
    AcceptedFinding {
        name: "ci-trust-repository",
        checkov: Some("CKV_AWS_358"),
        trivy: None,
        reason: "the repository is a variable, which takes OWNER/NAME alone; checkov does not resolve it",
    },
    AcceptedFinding {
        name: "bake-group-attached",
        checkov: Some("CKV2_AWS_5"),
        trivy: None,
        reason: "Image Builder attaches it to build hosts, which Terraform does not know",
    },
    AcceptedFinding {
        name: "trail-bucket-access-logs",
        checkov: Some("CKV_AWS_18"),
        trivy: Some("AWS-0089"),
        reason: "CloudTrail records who reads this bucket; logging the bucket of a log would \
                 never end",
    },
    AcceptedFinding {
        name: "trail-bucket-replication",
        checkov: Some("CKV_AWS_144"),
        trivy: None,
        reason: "CloudWatch Logs has the last year too; a copy in a second region would have to \
                 be protected too",
    },
    AcceptedFinding {
        name: "trail-bucket-notifications",
        checkov: Some("CKV2_AWS_62"),
        trivy: None,
        reason: "nothing acts on a new log file; alarms read the log group",
    },
    AcceptedFinding {
        name: "trail-topic",
        checkov: Some("CKV_AWS_252"),
        trivy: None,
        reason: "it asks for a notification for every log file, which nobody would read",
    },
    AcceptedFinding {
        name: "detector-organization",
        checkov: Some("CKV2_AWS_3"),
        trivy: None,
        reason: "it asks for an organization's configuration, which only the organization's \
                 administrator account has",
    },
    AcceptedFinding {
        name: "instance-connect-source",
        checkov: Some("CKV_AWS_24"),
        trivy: None,
        reason: "the source is a security group; the check reads a missing CIDR block as every \
                 address",
    },
    AcceptedFinding {
        name: "containers-read-metadata",
        checkov: Some("CKV_AWS_341"),
        trivy: None,
        reason: "fleet.toml allows a second hop, which containers on the host need to read the \
                 metadata",
    },
];

/// The entry of this name.
#[must_use]
pub fn find(name: &str) -> Option<AcceptedFinding> {
    ACCEPTED_FINDINGS
        .iter()
        .copied()
        .find(|finding| finding.name == name)
}
