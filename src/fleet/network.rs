//! `[network]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bounded, Port, Proxy};

/// The VPC the workers run in: a new one, or an existing one.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// The IPv4 range of the new VPC, from `/16` to `/22`, inside a private range of RFC 1918.
    pub cidr_block: String,

    /// The zones that get a private subnet each, one to six; the region's first three when left
    /// out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zones: Option<Vec<String>>,

    /// The private subnets' ranges, one per zone in the same order; computed when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_subnets: Option<Vec<String>>,

    /// The public subnets' ranges, one per zone in the same order; computed when left out.
    ///
    /// Public subnets hold NAT gateways and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_subnets: Option<Vec<String>>,

    /// How many NAT gateways carry the workers' traffic to the internet.
    pub nat_gateways: NatGateways,

    /// AWS services that the workers reach without the internet. `s3` and `dynamodb` are gateway
    /// endpoints, which are free; every other one is an interface in each zone.
    pub vpc_endpoints: Vec<String>,

    /// Records of the VPC's traffic.
    pub flow_logs: FlowLogs,

    /// What the workers may connect to. Everything else is dropped by their security group.
    pub egress: Vec<Egress>,

    /// An HTTP proxy that the hosts reach the internet by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,

    /// An existing VPC to run in, instead of a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<ExistingNetwork>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            cidr_block: "10.40.0.0/16".to_owned(),
            availability_zones: None,
            private_subnets: None,
            public_subnets: None,
            nat_gateways: NatGateways::Single,
            vpc_endpoints: [
                "ssm",
                "ssmmessages",
                "logs",
                "monitoring",
                "secretsmanager",
                "s3",
            ]
            .map(str::to_owned)
            .to_vec(),
            flow_logs: FlowLogs::default(),
            egress: vec![
                Egress::to_everywhere(443, "HTTPS: AWS APIs, Hatchet, pages"),
                Egress::to_everywhere(80, "plain HTTP pages and package mirrors"),
            ],
            proxy: None,
            existing: None,
        }
    }
}

/// How many NAT gateways there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NatGateways {
    /// One for all zones: cheapest, and one zone's failure takes the internet from all.
    Single,
    /// One in every zone: no traffic crosses zones, and zones fail alone.
    PerZone,
    /// None: the workers reach only what VPC endpoints and private routes lead to.
    None,
}

/// Records of the VPC's traffic, in an encrypted CloudWatch log group.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FlowLogs {
    /// Which traffic is recorded.
    pub traffic_type: TrafficType,

    /// Days until a record is deleted; one of the retentions that CloudWatch Logs offers.
    pub retention_in_days: u32,
}

impl Default for FlowLogs {
    fn default() -> Self {
        Self {
            traffic_type: TrafficType::All,
            retention_in_days: 365,
        }
    }
}

/// Which traffic a flow log records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TrafficType {
    All,
    Accept,
    Reject,
}

/// One thing that the workers may connect to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    /// The port connected to.
    pub port: Port,

    /// The last port of a range that begins with `port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_port: Option<Port>,

    /// The transport protocol.
    #[serde(default = "Egress::protocol_default")]
    pub protocol: Protocol,

    /// The IPv4 range connected to; everywhere when neither this, `ipv6_cidr_block` nor `prefix_list` is given.
    #[serde(default = "Egress::cidr_block_default")]
    pub cidr_block: String,

    /// The IPv6 range connected to, in place of an IPv4 one, such as `"::/0"`.
    ///
    /// Only the subnets of an existing VPC can have IPv6; a new VPC has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr_block: Option<String>,

    /// The prefix list connected to, in place of a range: `pl-` and 8 or 17 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_list: Option<String>,

    /// What the rule is for; AWS shows it beside the rule. At most 255 characters.
    pub description: String,
}

impl Egress {
    fn protocol_default() -> Protocol {
        Protocol::Tcp
    }

    fn cidr_block_default() -> String {
        "0.0.0.0/0".to_owned()
    }

    fn to_everywhere(port: u32, description: &str) -> Self {
        Self {
            port: Bounded::new(port),
            to_port: None,
            protocol: Protocol::Tcp,
            cidr_block: Self::cidr_block_default(),
            ipv6_cidr_block: None,
            prefix_list: None,
            description: description.to_owned(),
        }
    }
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Tcp,
    Udp,
}

/// An existing VPC. Its routes, gateways, endpoints and flow logs stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExistingNetwork {
    /// The VPC's id, `vpc-` and 8 or 17 hexadecimal digits.
    pub vpc_id: String,

    /// The subnets that the workers run in, `subnet-` and 8 or 17 hexadecimal digits each.
    pub private_subnet_ids: Vec<String>,

    /// Security groups of the VPC that workers are in besides the fleet's own, `sg-` and 8 or 17
    /// hexadecimal digits each.
    ///
    /// Whatever they allow is allowed too. EC2 puts an interface into at most five groups.
    #[serde(default)]
    #[schemars(length(max = 4))]
    pub security_group_ids: Vec<String>,
}
