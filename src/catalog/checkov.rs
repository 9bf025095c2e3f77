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
        reason: "a key policy applies to its own key only, * is that key, and the account must be able to administer it",
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
        reason: "the value belongs to the Valet API, which alone can issue a new one; the tag says when it is due",
    },
    CheckovSkip {
        name: "session-bucket-access-logs",
        check: "CKV_AWS_18",
        reason: "who reads or deletes a record is in CloudTrail's data events, which server access logs only repeat late and incompletely",
    },
    CheckovSkip {
        name: "session-bucket-replication",
        check: "CKV_AWS_144",
        reason: "the same record is in CloudWatch Logs; a second region would be a second place to guard",
    },
    CheckovSkip {
        name: "session-bucket-notifications",
        check: "CKV2_AWS_62",
        reason: "nobody acts on a new record",
    },
    CheckovSkip {
        name: "trail-bucket-access-logs",
        check: "CKV_AWS_18",
        reason: "CloudTrail itself records who reads this bucket, and a log of a log's bucket never ends",
    },
    CheckovSkip {
        name: "trail-bucket-replication",
        check: "CKV_AWS_144",
        reason: "the last year is in CloudWatch Logs too; a second region would be a second place to guard",
    },
    CheckovSkip {
        name: "trail-bucket-notifications",
        check: "CKV2_AWS_62",
        reason: "nobody acts on a new log file; alarms read the log group",
    },
    CheckovSkip {
        name: "trail-topic",
        check: "CKV_AWS_252",
        reason: "a notice for every delivered log file, which nobody would read",
    },
    CheckovSkip {
        name: "detector-organization",
        check: "CKV2_AWS_3",
        reason: "it asks for an organization's configuration, which only the organization's administrator account has",
    },
    CheckovSkip {
        name: "instance-connect-source",
        check: "CKV_AWS_24",
        reason: "the source is a security group and no address, which this check takes for every address",
    },
    CheckovSkip {
        name: "containers-read-metadata",
        check: "CKV_AWS_341",
        reason: "fleet.toml asks for a second hop, without which no container on the host reads the metadata",
    },
];

/// The entry of this name.
#[must_use]
pub fn find(name: &str) -> Option<CheckovSkip> {
    SKIPS.iter().copied().find(|skip| skip.name == name)
}
