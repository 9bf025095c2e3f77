//! How the resources of a fleet are called, how long AWS lets a name be, and how it may not begin.

/// What a service accepts as a name, besides its length.
#[derive(Debug, PartialEq, Eq)]
pub struct NamingRules {
    /// The service, in AWS's words.
    pub service: &'static str,
    /// Beginnings that it keeps for AWS, in lower case.
    pub reserved: &'static [&'static str],
    /// Endings that it keeps for AWS.
    pub reserved_endings: &'static [&'static str],
    /// Where AWS says so.
    pub source: &'static str,
}

impl NamingRules {
    /// The reserved beginning that this name has.
    #[must_use]
    pub fn reserved_beginning(&self, name: &str) -> Option<&'static str> {
        let name = name.trim_start_matches('/').to_ascii_lowercase();
        let mut reserved = self.reserved.iter().copied();
        reserved.find(|beginning| name.starts_with(beginning))
    }

    /// The reserved ending that this name has.
    #[must_use]
    pub fn reserved_ending(&self, name: &str) -> Option<&'static str> {
        let mut reserved = self.reserved_endings.iter().copied();
        reserved.find(|ending| name.ends_with(ending))
    }
}

const fn naming(
    service: &'static str,
    reserved: &'static [&'static str],
    source: &'static str,
) -> NamingRules {
    NamingRules {
        service,
        reserved,
        reserved_endings: &[],
        source,
    }
}

pub const IAM: NamingRules = naming("IAM", &[], "IAM user guide, IAM and AWS STS quotas");
pub const S3: NamingRules = NamingRules {
    service: "S3",
    reserved: &["xn--", "sthree-", "amzn-s3-demo-"],
    reserved_endings: &["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"],
    source: "S3 user guide, bucket naming rules",
};
pub const EVENT_BRIDGE: NamingRules =
    naming("EventBridge", &[], "EventBridge API reference, PutRule");
pub const AUTO_SCALING: NamingRules = naming(
    "EC2 Auto Scaling",
    &[],
    "EC2 Auto Scaling API reference, CreateAutoScalingGroup",
);
pub const LAUNCH_TEMPLATES: NamingRules =
    naming("EC2", &[], "EC2 API reference, CreateLaunchTemplate");
pub const SECURITY_GROUPS: NamingRules = naming(
    "EC2 (security groups)",
    &["sg-"],
    "EC2 API reference, CreateSecurityGroup",
);
pub const DOCUMENTS: NamingRules = naming(
    "Systems Manager (documents)",
    &["aws", "amazon", "amzn"],
    "Systems Manager API reference, CreateDocument",
);
pub const PARAMETERS: NamingRules = naming(
    "Systems Manager (parameters)",
    &["aws", "ssm"],
    "Systems Manager API reference, PutParameter",
);
pub const SQS: NamingRules = naming("SQS", &[], "SQS API reference, CreateQueue");
pub const SNS: NamingRules = naming("SNS", &[], "SNS API reference, CreateTopic");
pub const IMAGE_BUILDER_NAMES: NamingRules = naming(
    "EC2 Image Builder",
    &[],
    "EC2 Image Builder API reference, CreateImageRecipe",
);
pub const CLOUD_TRAIL: NamingRules =
    naming("CloudTrail", &[], "CloudTrail API reference, CreateTrail");
pub const KMS: NamingRules = naming("KMS", &["aws/"], "KMS API reference, CreateAlias");
pub const CLOUD_WATCH: NamingRules = naming(
    "CloudWatch",
    &[],
    "CloudWatch API reference, PutMetricAlarm",
);

/// A resource whose name is the prefix `<fleet>-<environment>` with something around it.
#[derive(Clone, Copy, Debug)]
pub struct ResourceName {
    /// What it names, in AWS's words.
    pub kind: &'static str,
    /// Whose name it is.
    pub naming: &'static NamingRules,
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
    naming: &'static NamingRules,
    before: &'static str,
    after: &'static str,
    limit: usize,
) -> ResourceName {
    ResourceName {
        kind,
        naming,
        before,
        after,
        limit,
    }
}

/// The service appends the suffix to its own role's name.
pub const SERVICE_LINKED_ROLE: ResourceName = name(
    "service-linked role",
    &IAM,
    "AWSServiceRoleForAutoScaling_",
    "",
    64,
);
/// IAM role.
pub const WORKER_ROLE: ResourceName = name("IAM role", &IAM, "", "-worker", 64);
/// IAM role.
pub const FLOW_LOGS_ROLE: ResourceName = name("IAM role", &IAM, "", "-flow-logs", 64);
/// IAM role.
pub const HEAL_ROLE: ResourceName = name("IAM role", &IAM, "", "-heal", 64);
/// IAM role, and policy.
pub const CONTROL_ROLE: ResourceName = name("IAM role", &IAM, "", "-control", 64);
/// IAM policy.
pub const OPERATORS_POLICY: ResourceName =
    name("IAM policy", &IAM, "", "-operators-instance-connect", 128);
/// The account's id, 12 digits, makes the name unique.
pub const SESSION_BUCKET: ResourceName = name("S3 bucket", &S3, "", "-session-000000000000", 63);
/// The account's id, 12 digits, makes the name unique.
pub const BAKE_BUCKET: ResourceName = name("S3 bucket", &S3, "", "-bake-000000000000", 63);
/// EventBridge rule.
pub const HEAL_RULE: ResourceName = name("EventBridge rule", &EVENT_BRIDGE, "", "-heal", 64);
/// EventBridge rule and its role.
pub const ALERTS_RULE: ResourceName = name("EventBridge rule", &EVENT_BRIDGE, "", "-alerts", 64);
/// Auto Scaling group.
pub const GROUP: ResourceName = name("Auto Scaling group", &AUTO_SCALING, "", "-workers", 255);
/// Lifecycle hook.
pub const DRAIN_HOOK: ResourceName = name("lifecycle hook", &AUTO_SCALING, "", "-drain", 255);
/// Lifecycle hook.
pub const LAUNCH_HOOK: ResourceName = name("lifecycle hook", &AUTO_SCALING, "", "-launch", 255);
/// Launch template.
pub const LAUNCH_TEMPLATE: ResourceName = name(
    "launch template",
    &LAUNCH_TEMPLATES,
    "",
    "-worker-burstable",
    128,
);
/// Security group.
pub const SECURITY_GROUP: ResourceName = name(
    "security group",
    &SECURITY_GROUPS,
    "",
    "-instance-connect",
    255,
);
/// Systems Manager document.
pub const SESSION_DOCUMENT: ResourceName =
    name("Systems Manager document", &DOCUMENTS, "", "-session", 128);
/// The environment's name follows behind a slash instead of a hyphen.
pub const SECRET_PARAMETER: ResourceName =
    name("Systems Manager parameter", &PARAMETERS, "/", "/", 1011);
/// SQS queue.
pub const HEAL_QUEUE: ResourceName = name("SQS queue", &SQS, "", "-heal-undelivered", 80);
/// SNS topic.
pub const ALERTS_TOPIC: ResourceName = name("SNS topic", &SNS, "", "-alerts", 256);
/// KMS alias.
pub const KEY_ALIAS: ResourceName = name("KMS alias", &KMS, "", "", 250);
/// CloudWatch alarm.
pub const QUEUE_ALARM: ResourceName = name(
    "CloudWatch alarm",
    &CLOUD_WATCH,
    "",
    "-queue-at-least-1000000",
    255,
);
/// Image Builder resource.
pub const IMAGE_BUILDER: ResourceName = name(
    "Image Builder resource",
    &IMAGE_BUILDER_NAMES,
    "",
    "-worker",
    128,
);
/// CloudTrail trail.
pub const TRAIL: ResourceName = name("CloudTrail trail", &CLOUD_TRAIL, "", "", 128);
/// The account's id, 12 digits, makes the name unique.
pub const TRAIL_BUCKET: ResourceName = name("S3 bucket", &S3, "", "-cloudtrail-000000000000", 63);
/// IAM role.
pub const TRAIL_ROLE: ResourceName = name("IAM role", &IAM, "", "-cloudtrail", 64);

/// EventBridge rule.
pub const FINDINGS_RULE: ResourceName =
    name("EventBridge rule", &EVENT_BRIDGE, "", "-inspector", 64);
/// SNS topic.
pub const ACCOUNT_TOPIC: ResourceName = name("SNS topic", &SNS, "", "-alerts", 256);
/// CloudWatch alarm, and the metric filter of the same name.
pub const TRAIL_ALARM: ResourceName = name(
    "CloudWatch alarm",
    &CLOUD_WATCH,
    "",
    "-security-group-changed",
    255,
);

/// Every name that begins with an environment's prefix.
pub const RESOURCE_NAMES: &[ResourceName] = &[
    SERVICE_LINKED_ROLE,
    WORKER_ROLE,
    FLOW_LOGS_ROLE,
    HEAL_ROLE,
    CONTROL_ROLE,
    OPERATORS_POLICY,
    SESSION_BUCKET,
    BAKE_BUCKET,
    HEAL_RULE,
    ALERTS_RULE,
    GROUP,
    DRAIN_HOOK,
    LAUNCH_HOOK,
    LAUNCH_TEMPLATE,
    SECURITY_GROUP,
    SESSION_DOCUMENT,
    SECRET_PARAMETER,
    HEAL_QUEUE,
    ALERTS_TOPIC,
    KEY_ALIAS,
    QUEUE_ALARM,
    IMAGE_BUILDER,
];

/// Every name that begins with the prefix of the account's module, `<fleet>-account`.
pub const ACCOUNT_NAMES: &[ResourceName] = &[
    TRAIL,
    TRAIL_BUCKET,
    TRAIL_ROLE,
    FINDINGS_RULE,
    ACCOUNT_TOPIC,
    TRAIL_ALARM,
];

/// Tags that the generator sets itself, and that fleet.toml therefore cannot.
pub const RESERVED_TAG_KEYS: [&str; 4] = ["Environment", "Fleet", "ManagedBy", "Name"];

/// The most tags of the generator's own on one resource: an image has those above but `Name`, and nine about its bake.
pub const MAX_OWN_TAGS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_beginnings_are_found_in_any_case_and_in_paths() {
        assert_eq!(
            DOCUMENTS.reserved_beginning("Amazon-bots-session"),
            Some("amazon")
        );
        assert_eq!(PARAMETERS.reserved_beginning("/ssm/staging/X"), Some("ssm"));
        assert_eq!(S3.reserved_beginning("valet-session"), None);
        assert_eq!(S3.reserved_ending("state-s3alias"), Some("-s3alias"));
    }
}
