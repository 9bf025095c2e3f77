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

/// How the hosts of a service begin, where that is not the endpoint's name and a dot: a dot first where every name below
/// it is one (AWS General Reference, service endpoints; the private DNS names of the endpoints).
const HOSTS: &[(&str, &[&str])] = &[
    ("dynamodb", &["dynamodb", ".ddb"]),
    ("ecr.api", &["api.ecr"]),
    ("ecr.dkr", &[".dkr.ecr"]),
    ("execute-api", &[".execute-api"]),
    ("kinesis-streams", &["kinesis"]),
    ("s3", &["s3", ".s3"]),
];

impl Endpoint {
    /// The hosts of the service in a region, as a list of what is reached without a proxy has them: a dot first stands
    /// for every name below.
    pub fn hosts(self, region: &str) -> impl Iterator<Item = String> {
        let own = HOSTS.iter().find(|(name, _)| *name == self.name);
        let hosts: Vec<String> = match own {
            Some((_, hosts)) => hosts.iter().map(ToString::to_string).collect(),
            None => vec![self.name.to_owned()],
        };
        let region = region.to_owned();
        hosts
            .into_iter()
            .map(move |host| format!("{host}.{region}.amazonaws.com"))
    }
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
/// Source: Amazon VPC user guide, AWS services that integrate with AWS PrivateLink, November 2026. Which region lacks one
/// is known for those of [`ABSENT`] and [`RETIRED`] alone, because AWS publishes no list of endpoints by region: where another
/// one is missing, the plan fails.
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

/// The regions that do not have a service, and so no endpoint of it.
///
/// Source: the endpoints of botocore 1.43.11 (2026), which has all others in every region of
/// [`regions::REGIONS`](super::regions::REGIONS), where it lists regions at all: it lists none for ssmmessages and imagebuilder.
pub const ABSENT: &[(&str, &[&str])] = &[("bedrock-runtime", &["ap-east-1"])];

/// Whether AWS has no such service in a region, and so no endpoint of it.
#[must_use]
pub fn is_absent(name: &str, region: &str) -> bool {
    let mut absent = ABSENT.iter();
    absent.any(|(service, regions)| *service == name && regions.contains(&region))
}

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

    #[test]
    fn what_is_absent_is_an_endpoint_and_a_region() {
        for (name, regions) in ABSENT {
            assert!(find(name).is_some(), "{name}");
            for region in *regions {
                assert!(crate::catalog::regions::find(region).is_some(), "{region}");
                assert!(is_absent(name, region));
            }
        }
        assert!(!is_absent("ssm", "ap-east-1"));
    }

    #[test]
    fn hosts_are_those_of_the_service() {
        let hosts =
            |name: &str| -> Vec<String> { find(name).expect("known").hosts("eu-west-1").collect() };
        assert_eq!(hosts("ssm"), ["ssm.eu-west-1.amazonaws.com"]);
        assert_eq!(hosts("ecr.api"), ["api.ecr.eu-west-1.amazonaws.com"]);
        assert_eq!(
            hosts("s3"),
            ["s3.eu-west-1.amazonaws.com", ".s3.eu-west-1.amazonaws.com"]
        );
        for (name, _) in HOSTS {
            assert!(find(name).is_some(), "{name}");
        }
    }
}
