//! What the pictures say of an environment.

use crate::fleet::Protocol;
use crate::resolve::{Egress, Environment, Instances, Network, Scaling, Schedule};

/// Everything that the workers may connect to, each as `443` or `udp 123 to 203.0.113.0/24`.
#[must_use]
pub fn egress(network: &Network) -> Vec<String> {
    network.egress.iter().map(egress_rule).collect()
}

fn egress_rule(rule: &Egress) -> String {
    let protocol = match rule.protocol {
        Protocol::Tcp => "",
        Protocol::Udp => "udp ",
    };
    let ports = if rule.from_port == rule.to_port {
        rule.from_port.to_string()
    } else {
        format!("{}-{}", rule.from_port, rule.to_port)
    };
    let other = rule.prefix_list.as_ref().or(rule.ipv6_cidr_block.as_ref());
    let range = match other.or(rule.cidr_block.as_ref()) {
        Some(range) if range != "0.0.0.0/0" => format!(" to {range}"),
        _ => String::new(),
    };
    format!("{protocol}{ports}{range}")
}

/// The group's bounds.
#[must_use]
pub fn group_sizes(environment: &Environment) -> String {
    let Scaling {
        min_size, max_size, ..
    } = environment.scaling;
    let unit = if environment.instances.weighted {
        "capacity units"
    } else {
        "workers"
    };
    if min_size == max_size {
        format!("always {min_size} {unit}")
    } else {
        format!("{min_size} to {max_size} {unit}")
    }
}

/// How instances are bought.
#[must_use]
pub fn purchase_options(instances: &Instances) -> String {
    let base = instances.on_demand_base_capacity;
    match instances.on_demand_percentage_above_base_capacity {
        100 => "All instances on demand".to_owned(),
        0 if base == 0 => "All instances spot".to_owned(),
        0 => format!("Instances: {base} on demand, above that spot"),
        percent if base == 0 => {
            format!("Instances: {percent} % on demand, {} % spot", 100 - percent)
        }
        percent => format!(
            "Instances: {base} on demand, above that {percent} % on demand and {} % spot",
            100 - percent
        ),
    }
}

/// The instance types in order of preference.
#[must_use]
pub fn instance_types(instances: &Instances) -> Vec<String> {
    let types = instances.types.iter();
    types.map(|choice| choice.instance_type.clone()).collect()
}

/// What changes the size of the group.
#[must_use]
pub fn scaling_policies(scaling: &Scaling) -> Vec<String> {
    let mut moves: Vec<String> = scaling
        .queue_steps
        .iter()
        .map(|step| {
            let action = if step.to_max {
                "to largest size".to_owned()
            } else {
                format!("add {}", step.adjustment)
            };
            format!(
                "queue ≥ {} for {} min: {action}",
                step.at_least, step.for_minutes
            )
        })
        .collect();
    moves.extend(
        scaling
            .scale_in
            .as_ref()
            .map(|idle| format!("idle for {} min: remove {}", idle.idle_minutes, idle.remove)),
    );
    moves.extend(
        scaling
            .cpu_target
            .map(|percent| format!("CPU above {percent} %: add")),
    );
    moves.extend(
        scaling
            .slots_target
            .map(|percent| format!("slots above {percent} %: add")),
    );
    moves.extend(scaling.schedules.iter().map(schedule));
    moves
}

fn schedule(schedule: &Schedule) -> String {
    let sizes = [
        ("min", schedule.min_size),
        ("max", schedule.max_size),
        ("desired", schedule.desired_capacity),
    ];
    let set: Vec<String> = sizes
        .iter()
        .filter_map(|(name, size)| Some(format!("{name} {}", (*size)?)))
        .collect();
    let Schedule {
        name,
        recurrence,
        time_zone,
        ..
    } = schedule;
    format!("{name}: {} at {recurrence}, {time_zone}", set.join(", "))
}

/// A number of things, `1 secret` or `2 secrets`.
#[must_use]
pub fn quantity(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// The number of alarms that tell people.
#[must_use]
pub fn notifying_alarms(environment: &Environment) -> usize {
    let alerts = &environment.alerts;
    let single = alerts.alarms.iter().filter(|alarm| alarm.notifies);
    single.count() + alerts.composites.len()
}

/// Where the record of each session goes.
#[must_use]
pub fn session_records(environment: &Environment) -> &'static str {
    match (
        environment.access.log_to_s3,
        environment.access.log_to_cloudwatch,
    ) {
        (true, true) => "sessions recorded in S3 and CloudWatch",
        (true, false) => "sessions recorded in S3",
        (false, true) => "sessions recorded in CloudWatch",
        (false, false) => "sessions not recorded",
    }
}
