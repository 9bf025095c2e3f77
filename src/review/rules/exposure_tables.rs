//! What makes a resource reachable from the internet, by type. `*` is every type: an argument of that name means the
//! same wherever the provider has it.

/// Rules of a type that let connections in.
pub struct Arrival {
    pub kind: &'static str,
    /// The blocks that the rules stand in; `None` where the resource is one rule.
    pub block: Option<&'static str>,
    /// Arguments that have the ranges.
    pub ranges: &'static [&'static str],
    pub protocol: &'static str,
    /// An argument and the word that it has where the rule lets something in.
    pub only_if: Option<(&'static str, &'static str)>,
    /// A switch that makes a rule one for what goes out.
    pub unless: Option<&'static str>,
}

const fn arrival(
    kind: &'static str,
    block: Option<&'static str>,
    ranges: &'static [&'static str],
    protocol: &'static str,
) -> Arrival {
    Arrival {
        kind,
        block,
        ranges,
        protocol,
        only_if: None,
        unless: None,
    }
}

impl Arrival {
    const fn only_if(mut self, argument: &'static str, word: &'static str) -> Self {
        self.only_if = Some((argument, word));
        self
    }

    const fn unless(mut self, switch: &'static str) -> Self {
        self.unless = Some(switch);
        self
    }
}

const LISTS: &[&str] = &["cidr_blocks", "ipv6_cidr_blocks"];
const RANGES: &[&str] = &["cidr_block", "ipv6_cidr_block"];

/// Every type whose rules let connections in.
pub const ARRIVALS: &[Arrival] = &[
    arrival(
        "aws_default_network_acl",
        Some("ingress"),
        RANGES,
        "protocol",
    )
    .only_if("action", "allow"),
    arrival(
        "aws_default_security_group",
        Some("ingress"),
        LISTS,
        "protocol",
    ),
    arrival(
        "aws_lightsail_instance_public_ports",
        Some("port_info"),
        &["cidrs", "ipv6_cidrs"],
        "protocol",
    ),
    arrival("aws_network_acl", Some("ingress"), RANGES, "protocol").only_if("action", "allow"),
    arrival("aws_network_acl_rule", None, RANGES, "protocol")
        .only_if("rule_action", "allow")
        .unless("egress"),
    arrival("aws_security_group", Some("ingress"), LISTS, "protocol"),
    arrival("aws_security_group_rule", None, LISTS, "protocol").only_if("type", "ingress"),
    arrival(
        "aws_vpc_security_group_ingress_rule",
        None,
        &["cidr_ipv4", "cidr_ipv6"],
        "ip_protocol",
    ),
];

/// Switches that open something where they are on.
pub const SWITCHES_ON: &[(&str, &str, &str)] = &[
    ("*", "associate_public_ip_address", "has a public address"),
    (
        "*",
        "map_public_ip_on_launch",
        "gives public addresses to what is launched in it",
    ),
    (
        "*",
        "network_configuration.assign_public_ip",
        "gives public addresses to tasks",
    ),
    ("*", "publicly_accessible", "has a public address"),
    (
        "aws_cognito_identity_pool",
        "allow_unauthenticated_identities",
        "gives credentials to everybody",
    ),
    (
        "aws_ram_resource_share",
        "allow_external_principals",
        "may be shared with accounts outside of the organisation",
    ),
    (
        "aws_spot_fleet_request",
        "launch_specification.associate_public_ip_address",
        "gives public addresses to instances",
    ),
    (
        "aws_launch_template",
        "network_interfaces.associate_public_ip_address",
        "gives public addresses to instances",
    ),
];

const BLOCK: &str = "lets buckets be public";

/// Switches that open something where they are off.
pub const SWITCHES_OFF: &[(&str, &str, &str)] = &[
    ("*", "block_public_acls", BLOCK),
    ("*", "block_public_policy", BLOCK),
    ("*", "ignore_public_acls", BLOCK),
    ("*", "restrict_public_buckets", BLOCK),
    (
        "*",
        "public_access_block_configuration.block_public_acls",
        BLOCK,
    ),
    (
        "*",
        "public_access_block_configuration.block_public_policy",
        BLOCK,
    ),
    (
        "*",
        "public_access_block_configuration.ignore_public_acls",
        BLOCK,
    ),
    (
        "*",
        "public_access_block_configuration.restrict_public_buckets",
        BLOCK,
    ),
    (
        "aws_emr_block_public_access_configuration",
        "block_public_security_group_rules",
        "lets clusters be public",
    ),
    ("aws_lb", "internal", "faces the internet"),
    ("aws_alb", "internal", "faces the internet"),
    ("aws_elb", "internal", "faces the internet"),
];

const ACLS: &[&str] = &["authenticated-read", "public-read", "public-read-write"];

/// Words that open something.
pub const WORDS: &[(&str, &str, &[&str], &str)] = &[
    ("*", "acl", ACLS, "can be read by everybody"),
    (
        "*",
        "shared_accounts",
        &["all"],
        "is shared with every account",
    ),
    (
        "aws_api_gateway_method",
        "authorization",
        &["NONE"],
        "can be called by everybody",
    ),
    (
        "aws_apigatewayv2_route",
        "authorization_type",
        &["NONE"],
        "can be called by everybody",
    ),
    (
        "aws_msk_cluster",
        "broker_node_group_info.connectivity_info.public_access.type",
        &["SERVICE_PROVIDED_EIPS"],
        "has public addresses",
    ),
    (
        "aws_transfer_server",
        "endpoint_type",
        &["PUBLIC"],
        "has a public endpoint",
    ),
    (
        "aws_vpc_block_public_access_options",
        "internet_gateway_block_mode",
        &["off"],
        "lets networks reach the internet",
    ),
    (
        "aws_vpc_endpoint_service",
        "allowed_principals",
        &["*"],
        "is for everybody",
    ),
    (
        "aws_vpc_endpoint_service_allowed_principal",
        "principal_arn",
        &["*"],
        "is for everybody",
    ),
    (
        "aws_lambda_function_url",
        "authorization_type",
        &["NONE"],
        "can be called by everybody",
    ),
    (
        "aws_ami_launch_permission",
        "group",
        &["all"],
        "shares the image with everybody",
    ),
    (
        "aws_ebs_snapshot_block_public_access",
        "state",
        &["unblocked"],
        "lets snapshots be public",
    ),
    (
        "aws_ec2_image_block_public_access",
        "state",
        &["unblocked"],
        "lets images be public",
    ),
];

/// Types of which more is asked than a switch, a word or a range.
const WITH_RULES: &[&str] = &[
    "aws_default_route_table",
    "aws_default_subnet",
    "aws_ec2_managed_prefix_list",
    "aws_ec2_managed_prefix_list_entry",
    "aws_eip_association",
    "aws_eks_cluster",
    "aws_ssm_service_setting",
];

/// Whether it is known what can be public about a type.
#[must_use]
pub fn knows(kind: &str) -> bool {
    let switches = SWITCHES_ON.iter().chain(SWITCHES_OFF).map(|(of, ..)| *of);
    let words = WORDS.iter().map(|(of, ..)| *of);
    let listed = switches
        .chain(words)
        .chain(ARRIVALS.iter().map(|arrival| arrival.kind))
        .chain(WITH_RULES.iter().copied())
        .chain(OF_EVERY_TYPE.iter().copied());
    listed.into_iter().any(|of| of == kind) || kind.ends_with("_permission")
}

/// Types of which the rows of every type ask all that there is to ask.
const OF_EVERY_TYPE: &[&str] = &[
    "aws_dms_replication_instance",
    "aws_docdb_cluster_instance",
    "aws_launch_configuration",
    "aws_mq_broker",
    "aws_rds_cluster_instance",
    "aws_s3_access_point",
    "aws_s3_bucket_acl",
    "aws_s3_object",
];

/// Arguments that rules about the internet ask for: where one is known only after the apply, nothing can be said.
pub fn required_arguments(kind: &str) -> impl Iterator<Item = &'static str> + '_ {
    let is_of = move |of: &str| of == "*" || of == kind;
    let on = SWITCHES_ON
        .iter()
        .filter(move |(of, ..)| is_of(of))
        .map(|(_, path, _)| *path);
    let off = SWITCHES_OFF
        .iter()
        .filter(move |(of, ..)| is_of(of))
        .map(|(_, path, _)| *path);
    let words = WORDS
        .iter()
        .filter(move |(of, ..)| is_of(of))
        .map(|(_, path, ..)| *path);
    on.chain(off).chain(words)
}
