//! How the resources of a fleet are called, and how long AWS lets a name be.

/// A resource whose name is the prefix `<fleet>-<environment>` with something around it.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    /// What it names, in AWS's words.
    pub kind: &'static str,
    before: &'static str,
    after: &'static str,
    /// The most characters that AWS allows.
    pub limit: usize,
}

impl Name {
    /// The name with this prefix.
    #[must_use]
    pub fn with(&self, prefix: &str) -> String {
        format!("{}{prefix}{}", self.before, self.after)
    }

    /// The longest prefix that fits.
    #[must_use]
    pub fn longest_prefix(&self) -> usize {
        self.limit - self.before.len() - self.after.len()
    }
}

const fn name(kind: &'static str, before: &'static str, after: &'static str, limit: usize) -> Name {
    Name {
        kind,
        before,
        after,
        limit,
    }
}

/// IAM: 64 characters. The service appends the suffix to its own role's name.
pub const SERVICE_LINKED_ROLE: Name = name(
    "service-linked role",
    "AWSServiceRoleForAutoScaling_",
    "",
    64,
);
/// IAM: 64 characters.
pub const WORKER_ROLE: Name = name("IAM role", "", "-worker", 64);
/// IAM: 64 characters.
pub const FLOW_LOGS_ROLE: Name = name("IAM role", "", "-flow-logs", 64);
/// IAM: 64 characters.
pub const HEAL_ROLE: Name = name("IAM role", "", "-heal", 64);
/// S3: 63 characters; the account's id, 12 digits, makes the name unique.
pub const SESSION_BUCKET: Name = name("S3 bucket", "", "-session-000000000000", 63);
/// EventBridge: 64 characters.
pub const HEAL_RULE: Name = name("EventBridge rule", "", "-heal", 64);
/// EC2 Auto Scaling: 255 characters.
pub const GROUP: Name = name("Auto Scaling group", "", "-workers", 255);
/// EC2 Auto Scaling: 255 characters.
pub const DRAIN_HOOK: Name = name("lifecycle hook", "", "-drain", 255);
/// EC2: 3 to 128 characters.
pub const LAUNCH_TEMPLATE: Name = name("launch template", "", "-worker-burstable", 128);
/// EC2: 255 characters.
pub const SECURITY_GROUP: Name = name("security group", "", "-endpoints", 255);
/// Systems Manager: 3 to 128 characters.
pub const SESSION_DOCUMENT: Name = name("Systems Manager document", "", "-session", 128);
/// SQS: 80 characters.
pub const HEAL_QUEUE: Name = name("SQS queue", "", "-heal-undelivered", 80);
/// EC2 Image Builder: 3 to 128 characters, for each of its resources.
pub const IMAGE_BUILDER: Name = name("Image Builder resource", "", "-worker", 128);

/// Every name whose length the prefix decides.
pub const NAMES: &[Name] = &[
    SERVICE_LINKED_ROLE,
    WORKER_ROLE,
    FLOW_LOGS_ROLE,
    HEAL_ROLE,
    SESSION_BUCKET,
    HEAL_RULE,
    GROUP,
    DRAIN_HOOK,
    LAUNCH_TEMPLATE,
    SECURITY_GROUP,
    SESSION_DOCUMENT,
    HEAL_QUEUE,
    IMAGE_BUILDER,
];

/// Tags that the generator sets itself, and that fleet.toml therefore cannot.
pub const OWN_TAGS: [&str; 4] = ["Environment", "Fleet", "ManagedBy", "Name"];
