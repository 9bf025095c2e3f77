//! Fleets at the edge of the rules.

use proptest::prelude::*;

/// A table of fleet.toml with lines that stand at a rule's limit, on either side of it.
struct Knob {
    table: &'static str,
    lines: &'static [&'static str],
}

const fn knob(table: &'static str, lines: &'static [&'static str]) -> Knob {
    Knob { table, lines }
}

const KNOBS: &[Knob] = &[
    knob(
        "worker.drain",
        &[
            "lifecycle_hook_seconds = 30\nstop_timeout_seconds = 80",
            "group_seconds = 11941\nlifecycle_hook_seconds = 120",
            "group_seconds = 11940\nlifecycle_hook_seconds = 120",
            "group_seconds = 172740",
            "group_seconds = 172741",
            "spot_seconds = 100",
            "spot_seconds = 101",
            "safety_margin_seconds = 120",
            "maintenance_seconds = 172800",
            "stop_timeout_seconds = 119",
            "stop_timeout_seconds = 120",
            "task_seconds = 1\nsafety_margin_seconds = 1",
            "task_seconds = 7140",
            "task_seconds = 7141",
            "task_seconds = 7160",
            "task_seconds = 7200",
        ],
    ),
    knob(
        "instances",
        &[
            "on_demand_percentage_above_base_capacity = 100",
            "on_demand_base_capacity = 10",
            "on_demand_base_capacity = 11",
            "metadata_options = { http_put_response_hop_limit = 2 }",
            "metadata_options = { http_put_response_hop_limit = 3 }",
            "root_volume = { volume_size = 8, iops = 4000 }",
            "root_volume = { volume_size = 8, iops = 4001 }",
            "root_volume = { throughput = 750 }",
            "root_volume = { throughput = 751 }",
            "capacity = { browser_memory_mib = 7392 }",
            "capacity = { browser_memory_mib = 7393 }",
        ],
    ),
    knob(
        "network",
        &[
            "cidr_block = \"10.0.0.0/22\"",
            "cidr_block = \"10.0.0.0/16\"",
            "availability_zones = [\"us-east-1a\"]",
            "availability_zones = [\"us-east-1a\", \"us-east-1b\", \"us-east-1c\", \"us-east-1d\", \"us-east-1e\", \"us-east-1f\"]",
            "nat_gateways = \"per_zone\"",
            "nat_gateways = \"none\"",
            "nat_gateways = \"none\"\nvpc_endpoints = [\"ssm\", \"ssmmessages\", \"logs\", \"monitoring\", \"kms\", \"ec2\", \"s3\"]",
            "private_subnets = [\"10.40.0.0/28\", \"10.40.1.0/28\", \"10.40.2.0/28\"]",
            "private_subnets = [\"10.40.0.0/24\", \"10.40.0.128/25\", \"10.40.2.0/28\"]",
            "private_subnets = [\"10.40.0.0/24\"]",
            "private_subnets = [\"10.40.0.0/24\", \"10.40.1.0/24\", \"10.40.2.0/24\"]\npublic_subnets = [\"10.40.1.0/28\", \"10.40.4.0/28\", \"10.40.5.0/28\"]",
            "existing = { vpc_id = \"vpc-0123abcd\", private_subnet_ids = [\"subnet-0123abcd\"] }",
            "egress = [{ port = 443, description = \"a\" }, { port = 443, to_port = 443, description = \"b\" }]",
            "egress = [{ port = 443, description = \"a\" }, { port = 443, protocol = \"udp\", description = \"b\" }]",
        ],
    ),
    knob(
        "scaling",
        &[
            "max_size = 1",
            "max_size = 20",
            "max_size = 33",
            "max_size = 34",
            "max_size = 700",
            "min_size = 10",
            "min_size = 11",
            "max_size = 10000",
            "queue = { steps = [{ at_least = 5, for_minutes = 3, add = 10 }] }",
            "queue = { steps = [{ at_least = 5, for_minutes = 3, add = 11 }] }",
            "queue = { enabled = false }",
            "queue = { alert_when_saturated = false }",
        ],
    ),
    knob(
        "access",
        &[
            "ssh = \"instance_connect\"",
            "session_manager = { log_to = [] }",
            "session_manager = { log_to = [\"s3\"], retention_in_days = 100 }",
            "session_manager = { log_to = [\"cloudwatch\"], retention_in_days = 100 }",
        ],
    ),
    knob(
        "image",
        &[
            "regions = [\"us-east-1\", \"us-west-2\"]",
            "regions = [\"us-west-2\"]",
            "build_instance_type = \"m7g.large\"",
            "hardening = { waivers = [{ control = \"os.ssh-unit-masked\", reason = \"people need it here\", expires = 2027-01-01 }] }",
        ],
    ),
    knob(
        "[alarm]",
        &[
            "name = \"disk-high\"\nperiod = 86400",
            "name = \"disk-high\"\nperiod = 28800",
            "name = \"disk-high\"\nperiod = 90",
            "name = \"busy\"\nmetric = \"SlotUtilization\"\nthreshold = 90.0\nperiod = 28860",
            "name = \"busy\"\nmetric = \"SlotUtilization\"\nthreshold = 90.0\nevaluation_periods = 100",
            "name = \"heartbeat-missing\"\nenabled = false",
            "name = \"workers-silent\"\nthreshold = 2.0",
        ],
    ),
    knob(
        "[schedule]",
        &[
            "name = \"day\"\nrecurrence = \"0 8 * * *\"\nmax_size = 40",
            "name = \"day\"\nrecurrence = \"0 8 * * *\"\nmin_size = 0\nmax_size = 0",
            "name = \"day-one\"\nrecurrence = \"0 8 * * *\"\nmin_size = 2\n[[schedule]]\nname = \"day_one\"\nrecurrence = \"5 8 * * *\"\nmin_size = 1",
        ],
    ),
    knob(
        "worker",
        &[
            "metrics = { interval_seconds = 20 }",
            "metrics = { interval_seconds = 25 }",
            "heartbeat = { url = \"https://api.example.com/heartbeat\" }",
            "hatchet = { tls = \"mtls\" }",
        ],
    ),
];

/// A fleet of one environment. Few knobs at a time, so that many of them break no rule.
pub fn fleet() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "v",
        "valet",
        "a-fleet-with-a-rather-long-name",
        TOO_LONG,
    ]);
    let types = prop::sample::select(vec![
        "{ instance_type = \"m7i.large\" }",
        "{ instance_type = \"m7i.large\", slots = 5 }, { instance_type = \"m7i.2xlarge\", slots = 24 }",
        "{ instance_type = \"m7i.large\", weight = 2 }, { instance_type = \"t3.xlarge\", weight = 3 }",
        "{ instance_type = \"t3.nano\" }",
    ]);
    let knobs = prop::collection::btree_map(
        prop::sample::select((0..KNOBS.len()).collect::<Vec<_>>()),
        any::<prop::sample::Index>(),
        0..4,
    );
    (name, types, knobs).prop_map(|(name, types, knobs)| {
        let mut text = format!("[fleet]\nname = \"{name}\"\nregion = \"us-east-1\"\n");
        let in_instances = |index: usize| KNOBS[index].table == "instances";
        if !knobs.keys().any(|index| in_instances(*index)) {
            text.push_str(&format!("[instances]\ntypes = [{types}]\n"));
        }
        for (index, line) in knobs {
            let knob = &KNOBS[index];
            text.push_str(&format!("[{}]\n{}\n", knob.table, line.get(knob.lines)));
            if in_instances(index) {
                text.push_str(&format!("types = [{types}]\n"));
            }
        }
        text
    })
}

/// With `-production` and what goes around it, one letter more than IAM takes.
const TOO_LONG: &str = "a-fleet-whose-name-is-much-too-long-to-begin-a-role";
