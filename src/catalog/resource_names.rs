//! How the resources of a fleet are called, and how long AWS lets a name be.

/// A resource whose name is the prefix `<fleet>-<environment>` with something around it.
#[derive(Clone, Copy, Debug)]
pub struct ResourceName {
    /// What it names, in AWS's words.
    pub kind: &'static str,
    before: &'static str,
    after: &'static str,
    /// The most characters that AWS allows.
    pub limit: usize,
}

impl ResourceName {
    /// The name with this prefix.
    #[must_use]
    pub fn with(&self, prefix: &str) -> String {
        format!("{}{prefix}{}", self.before, self.after)
    }

    /// The longest prefix that fits.
    #[must_use]
    pub fn max_prefix_length(&self) -> usize {
        self.limit - self.before.len() - self.after.len()
    }
}

const fn name(
    kind: &'static str,
    before: &'static str,
    after: &'static str,
    limit: usize,
) -> ResourceName {
    ResourceName {
        kind,
        before,
        after,
        limit,
    }
}

/// IAM: 64 characters. The service appends the suffix to its own role's name.
pub const SERVICE_LINKED_ROLE: ResourceName = name(
    "service-linked role",
    "AWSServiceRoleForAutoScaling_",
    "",
    64,
);
/// IAM: 64 characters.
pub const WORKER_ROLE: ResourceName = name("IAM role", "", "-worker", 64);
/// IAM: 64 characters.
pub const FLOW_LOGS_ROLE: ResourceName = name("IAM role", "", "-flow-logs", 64);
/// IAM: 64 characters.
pub const HEAL_ROLE: ResourceName = name("IAM role", "", "-heal", 64);
/// S3: 63 characters; the account's id, 12 digits, makes the name unique.
pub const SESSION_BUCKET: ResourceName = name("S3 bucket", "", "-session-000000000000", 63);
/// EventBridge: 64 characters.
pub const HEAL_RULE: ResourceName = name("EventBridge rule", "", "-heal", 64);
/// EC2 Auto Scaling: 255 characters.
pub const GROUP: ResourceName = name("Auto Scaling group", "", "-workers", 255);
/// EC2 Auto Scaling: 255 characters.
pub const DRAIN_HOOK: ResourceName = name("lifecycle hook", "", "-drain", 255);
/// EC2: 3 to 128 characters.
pub const LAUNCH_TEMPLATE: ResourceName = name("launch template", "", "-worker-burstable", 128);
/// EC2: 255 characters.
pub const SECURITY_GROUP: ResourceName = name("security group", "", "-endpoints", 255);
/// Systems Manager: 3 to 128 characters.
pub const SESSION_DOCUMENT: ResourceName = name("Systems Manager document", "", "-session", 128);
/// SQS: 80 characters.
pub const HEAL_QUEUE: ResourceName = name("SQS queue", "", "-heal-undelivered", 80);
/// EC2 Image Builder: 3 to 128 characters, for each of its resources.
pub const IMAGE_BUILDER: ResourceName = name("Image Builder resource", "", "-worker", 128);

/// Every name whose length the prefix decides.
pub const RESOURCE_NAMES: &[ResourceName] = &[
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
pub const RESERVED_TAG_KEYS: [&str; 4] = ["Environment", "Fleet", "ManagedBy", "Name"];
