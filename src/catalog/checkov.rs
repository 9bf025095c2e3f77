//! Checks of checkov that do not fit a rendered resource, each with its reason.
//!
//! A template names an entry with `{{checkov_skip "name"}}` inside the resource, and the comment
//! that checkov reads is made from it, so that no reason is typed twice.

/// A check that is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckovSkip {
    /// What templates call it.
    pub name: &'static str,
    /// checkov's id of the check.
    pub check: &'static str,
    pub reason: &'static str,
}

/// Every check that is skipped.
pub const SKIPS: &[CheckovSkip] = &[
    CheckovSkip {
        name: "key-policy-administration",
        check: "CKV_AWS_109",
        reason: "a key policy applies to its own key only, * is that key, and the account must be \
                 able to administer it",
    },
    CheckovSkip {
        name: "key-policy-write",
        check: "CKV_AWS_111",
        reason: "a key policy applies to its own key only, * is that key",
    },
    CheckovSkip {
        name: "key-policy-resource",
        check: "CKV_AWS_356",
        reason: "a key policy applies to its own key only, * is that key",
    },
    CheckovSkip {
        name: "secret-rotation",
        check: "CKV2_AWS_57",
        reason: "only the Valet API can issue a new value, so nothing can rotate it \
                 automatically; the tag says when it is due",
    },
    CheckovSkip {
        name: "session-bucket-access-logs",
        check: "CKV_AWS_18",
        reason: "CloudTrail's data events record who reads or deletes a session log; server \
                 access logs repeat that later and incompletely",
    },
    CheckovSkip {
        name: "session-bucket-replication",
        check: "CKV_AWS_144",
        reason: "CloudWatch Logs has the same log; a copy in a second region would have to be \
                 protected too",
    },
    CheckovSkip {
        name: "session-bucket-notifications",
        check: "CKV2_AWS_62",
        reason: "nothing acts on a new session log",
    },
    CheckovSkip {
        name: "bake-bucket-access-logs",
        check: "CKV_AWS_18",
        reason: "a bundle is named by its digest, which the build host verifies; who reads one \
                 learns what the image holds anyway",
    },
    CheckovSkip {
        name: "bake-bucket-replication",
        check: "CKV_AWS_144",
        reason: "a bake uploads the bundle again where it is missing",
    },
    CheckovSkip {
        name: "bake-bucket-notifications",
        check: "CKV2_AWS_62",
        reason: "nothing acts on a new bundle",
    },
    CheckovSkip {
        name: "ci-trust-repository",
        check: "CKV_AWS_358",
        reason: "the repository is a variable, which takes OWNER/NAME alone; checkov does not resolve it",
    },
    CheckovSkip {
        name: "bake-group-attached",
        check: "CKV2_AWS_5",
        reason: "Image Builder attaches it to build hosts, which Terraform does not know",
    },
    CheckovSkip {
        name: "trail-bucket-access-logs",
        check: "CKV_AWS_18",
        reason: "CloudTrail records who reads this bucket; logging the bucket of a log would \
                 never end",
    },
    CheckovSkip {
        name: "trail-bucket-replication",
        check: "CKV_AWS_144",
        reason: "CloudWatch Logs has the last year too; a copy in a second region would have to \
                 be protected too",
    },
    CheckovSkip {
        name: "trail-bucket-notifications",
        check: "CKV2_AWS_62",
        reason: "nothing acts on a new log file; alarms read the log group",
    },
    CheckovSkip {
        name: "trail-topic",
        check: "CKV_AWS_252",
        reason: "it asks for a notification for every log file, which nobody would read",
    },
    CheckovSkip {
        name: "detector-organization",
        check: "CKV2_AWS_3",
        reason: "it asks for an organization's configuration, which only the organization's \
                 administrator account has",
    },
    CheckovSkip {
        name: "instance-connect-source",
        check: "CKV_AWS_24",
        reason: "the source is a security group; the check reads a missing CIDR block as every \
                 address",
    },
    CheckovSkip {
        name: "containers-read-metadata",
        check: "CKV_AWS_341",
        reason: "fleet.toml allows a second hop, which containers on the host need to read the \
                 metadata",
    },
];

/// The entry of this name.
#[must_use]
pub fn find(name: &str) -> Option<CheckovSkip> {
    SKIPS.iter().copied().find(|skip| skip.name == name)
}
