//! AWS services that a VPC endpoint can lead to.

/// How an endpoint is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointType {
    /// A network interface in every zone, at a price per hour and per gigabyte.
    Interface,
    /// A route, free of charge.
    Gateway,
}

/// A service with a VPC endpoint, named as in `com.amazonaws.<region>.<name>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub name: &'static str,
    pub endpoint_type: EndpointType,
    /// What a worker uses it for.
    pub purpose: &'static str,
}

const fn interface(name: &'static str, purpose: &'static str) -> Endpoint {
    Endpoint {
        name,
        endpoint_type: EndpointType::Interface,
        purpose,
    }
}

const fn gateway(name: &'static str, purpose: &'static str) -> Endpoint {
    Endpoint {
        name,
        endpoint_type: EndpointType::Gateway,
        purpose,
    }
}

/// The services that a fleet of workers may use, in the order of their names.
///
/// Source: Amazon VPC user guide, AWS services that integrate with AWS PrivateLink, November 2026. Which region lacks one is
/// not known here, but for those of [`RETIRED`]: the plan fails where a service is missing.
pub const ENDPOINTS: &[Endpoint] = &[
    interface(
        "autoscaling",
        "lifecycle hooks and the health of an instance",
    ),
    interface("bedrock-runtime", "models of Amazon Bedrock"),
    interface("cloudtrail", "the record of API calls"),
    gateway("dynamodb", "tables of DynamoDB"),
    interface("ebs", "blocks of snapshots"),
    interface("ec2", "the instance's own tags and state"),
    interface("ecr.api", "the list of container images"),
    interface("ecr.dkr", "layers of container images"),
    interface("events", "events to EventBridge"),
    interface("execute-api", "private APIs of API Gateway"),
    interface("guardduty-data", "the GuardDuty runtime agent"),
    interface("imagebuilder", "EC2 Image Builder while an image is made"),
    interface("inspector2", "Amazon Inspector"),
    interface("kinesis-streams", "streams of Kinesis"),
    interface("kms", "decryption by the fleet's key"),
    interface("lambda", "functions"),
    interface("logs", "logs to CloudWatch"),
    interface("monitoring", "metrics to CloudWatch"),
    gateway("s3", "session records, packages and objects in S3"),
    interface("secretsmanager", "secrets of Secrets Manager"),
    interface("sns", "notifications"),
    interface("sqs", "queues"),
    interface("ssm", "Systems Manager and its parameters"),
    interface("ssmmessages", "Session Manager's data channel"),
    interface("states", "state machines of Step Functions"),
    interface("sts", "temporary credentials"),
    interface("xray", "traces"),
];

/// A service whose endpoint AWS has given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retired {
    pub name: &'static str,
    /// What has taken its place.
    pub successor: &'static str,
    /// Since when, and where it never was.
    pub since: &'static str,
}

/// The endpoints that AWS has given up (Systems Manager user guide, VPC endpoints).
pub const RETIRED: &[Retired] = &[Retired {
    name: "ec2messages",
    successor: "ssmmessages",
    since: "AWS retired it on 2026-09-30, and regions from 2024 on never had it",
}];

/// The endpoint of this name.
#[must_use]
pub fn find(name: &str) -> Option<Endpoint> {
    ENDPOINTS
        .iter()
        .copied()
        .find(|endpoint| endpoint.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(ENDPOINTS.is_sorted_by(|a, b| a.name < b.name));
    }
}
