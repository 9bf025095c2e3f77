//! What the rules claim, asked of the plan: a fleet that passes them is rendered as they say.

use std::cell::Cell;
use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use valet_gen::catalog::instance_types;
use valet_gen::catalog::resource_names::RESOURCE_NAMES;
use valet_gen::check::explain;
use valet_gen::resolve::Environment;

use super::fleets::fleet;
use test_support::pipeline::{plan_of, try_plan_of};

/// A rule, and its sentence as a question to a resolved environment.
struct Claim {
    code: &'static str,
    holds: fn(&Environment) -> bool,
}

const fn claim(code: &'static str, holds: fn(&Environment) -> bool) -> Claim {
    Claim { code, holds }
}

/// Seconds until an instance has given up its work, as the agent will do it: the longest task, the
/// margin, and 40 s for the last metrics and the lifecycle hook.
fn end_of_work(environment: &Environment) -> f64 {
    let drain = &environment.agent.drain;
    let seconds = |value: valet_protocol::Seconds| value.duration().as_secs_f64();
    seconds(drain.task_seconds) + seconds(drain.margin_seconds) + 40.0
}

/// The largest size at any time.
fn largest_size(environment: &Environment) -> u32 {
    let scaling = &environment.scaling;
    let of_schedules = scaling.schedules.iter().filter_map(|it| it.max_size);
    of_schedules
        .chain([scaling.max_size])
        .max()
        .unwrap_or_default()
}

/// Every subnet of the fleet's own VPC, the private ones first.
fn subnets(environment: &Environment) -> Vec<Ipv4Net> {
    let created = environment.network.created.iter();
    created
        .flat_map(|it| {
            it.private_subnets
                .values()
                .chain(it.public_subnets.values())
        })
        .map(|range| range.parse().expect("a range"))
        .collect()
}

fn has_room(environment: &Environment) -> bool {
    let Some(created) = &environment.network.created else {
        return true;
    };
    let taken = 5 + created.interface_endpoints.len() as u64;
    let room: u64 = subnets(environment)
        .iter()
        .take(created.private_subnets.len())
        .map(|range| (1_u64 << (32 - range.prefix_len())).saturating_sub(taken))
        .sum();
    let largest = u64::from(largest_size(environment));
    largest + largest.div_ceil(10) <= room
}

fn is_disjoint(ranges: &[Ipv4Net]) -> bool {
    ranges.iter().enumerate().all(|(index, range)| {
        let earlier = &ranges[..index];
        !earlier
            .iter()
            .any(|other| other.contains(range) || range.contains(other))
    })
}

fn is_unique<K: Ord>(keys: impl IntoIterator<Item = K>) -> bool {
    let mut seen = BTreeSet::new();
    keys.into_iter().all(|key| seen.insert(key))
}

const CLAIMS: &[Claim] = &[
    claim("worker.drain-over-hook", |environment| {
        let drain = &environment.agent.drain;
        let seconds = |value: valet_protocol::Seconds| value.duration().as_secs_f64();
        let longest = 100.0 * f64::from(environment.worker.lifecycle_hook_seconds);
        seconds(drain.group()) + seconds(drain.margin_seconds) + 40.0 <= longest.min(172_800.0)
    }),
    claim("worker.drain-over-stop-timeout", |environment| {
        end_of_work(environment) <= f64::from(environment.worker.stop_timeout_seconds)
    }),
    claim("worker.drain-over-spot-notice", |environment| {
        let instances = &environment.instances;
        let is_on_demand = instances.on_demand_percentage_above_base_capacity == 100
            || instances.on_demand_base_capacity >= largest_size(environment);
        let drain = &environment.agent.drain;
        let seconds = |value: valet_protocol::Seconds| value.duration().as_secs_f64();
        let tasks = drain.spot_seconds.map_or(1.0, seconds);
        is_on_demand || tasks + seconds(drain.margin_seconds) <= 120.0
    }),
    claim("network.subnets-too-small", has_room),
    claim("network.subnets-overlap", |environment| {
        is_disjoint(&subnets(environment))
    }),
    claim("network.subnet-size", |environment| {
        let ranges = subnets(environment);
        ranges
            .iter()
            .all(|range| (16..=28).contains(&range.prefix_len()))
    }),
    claim("network.subnet-outside", |environment| {
        environment.network.created.as_ref().is_none_or(|created| {
            let vpc: Ipv4Net = created.cidr_block.parse().expect("a range");
            subnets(environment).iter().all(|range| vpc.contains(range))
        })
    }),
    claim("network.subnet-count", |environment| {
        (environment.network.created.as_ref())
            .is_none_or(|created| created.private_subnets.len() == created.zones.len())
    }),
    claim("network.zones-none", |environment| {
        environment.network.zones() > 0
    }),
    claim("network.egress-twice", |environment| {
        is_unique(environment.network.egress.iter().map(|rule| &rule.key))
    }),
    claim("network.endpoint-missing", |environment| {
        let Some(created) = &environment.network.created else {
            return true;
        };
        let has = |name: &str| {
            let gateways = created.gateway_endpoints.iter();
            gateways
                .chain(&created.interface_endpoints)
                .any(|it| it == name)
        };
        created.has_nat
            || (has("ssm")
                && has("logs")
                && has("kms")
                && (has("s3") || !environment.access.log_to_s3)
                && (has("secretsmanager") || environment.secrets.secrets.is_empty()))
    }),
    claim("instances.type-too-small", |environment| {
        environment
            .instances
            .types
            .iter()
            .all(|it| it.slots > 0 && it.weight > 0)
    }),
    claim("instances.base-above-max", |environment| {
        environment.instances.on_demand_base_capacity <= largest_size(environment)
    }),
    claim("instances.hop-limit", |environment| {
        let hops = environment.instances.http_put_response_hop_limit;
        hops <= 2 && environment.instances.containers_read_metadata == (hops == 2)
    }),
    claim("instances.volume-performance", |environment| {
        let volume = &environment.instances.root_volume;
        let iops = volume.iops.unwrap_or(3000);
        iops <= (volume.volume_size * 500).max(3000)
            && volume
                .throughput
                .is_none_or(|throughput| throughput <= iops / 4)
    }),
    claim("scaling.min-above-max", |environment| {
        environment.scaling.min_size <= environment.scaling.max_size
    }),
    claim("scaling.step-above-max", |environment| {
        // The usual steps add 2, which a group of one instance may keep.
        let most = largest_size(environment).max(2);
        environment
            .scaling
            .queue_steps
            .iter()
            .all(|step| step.adjustment <= most)
    }),
    claim("schedule.name-twice", |environment| {
        let names = environment
            .scaling
            .schedules
            .iter()
            .map(|it| it.name.replace('-', "_"));
        is_unique(names)
    }),
    claim("alarm.window", |environment| {
        environment.alerts.alarms.iter().all(|alarm| {
            let of_expression = alarm.expression.iter().flat_map(|it| &it.queries);
            let mut queries = alarm.metric.iter().chain(of_expression);
            queries.all(|query| query.period * alarm.evaluation_periods <= 86_400)
        })
    }),
    claim("alarm.period", |environment| {
        environment.alerts.alarms.iter().all(|alarm| {
            let of_expression = alarm.expression.iter().flat_map(|it| &it.queries);
            let mut queries = alarm.metric.iter().chain(of_expression);
            queries.all(|query| query.period % 60 == 0)
        })
    }),
    claim("alarm.description", |environment| {
        let alerts = &environment.alerts;
        let single = alerts.alarms.iter().map(|alarm| &alarm.description);
        let mut all = single.chain(alerts.composites.iter().map(|alarm| &alarm.description));
        all.all(|text| text.chars().count() <= 1024)
    }),
    claim("alarm.metric-unknown", |environment| {
        // A composite alarm has all of its parts, and what heals is there.
        let alerts = &environment.alerts;
        let names: BTreeSet<&String> = alerts.alarms.iter().map(|alarm| &alarm.name).collect();
        let parts = alerts.composites.iter().flat_map(|alarm| &alarm.parts);
        parts
            .chain(&alerts.healing)
            .all(|name| names.contains(name))
    }),
    claim("fleet.name-too-long", |environment| {
        let prefix = &environment.identity.prefix;
        RESOURCE_NAMES
            .iter()
            .all(|name| name.with(prefix).len() <= name.limit)
    }),
    claim("fleet.tags-too-many", |environment| {
        environment.identity.instance_tags.len() <= 50
    }),
    claim("image.region-missing", |environment| {
        environment
            .image
            .regions
            .contains(&environment.identity.region)
    }),
    claim("image.build-type-architecture", |environment| {
        instance_types::find(&environment.image.build_instance_type)
            .is_some_and(|facts| facts.runs(environment.instances.architecture))
    }),
    claim("image.waiver-unused", |environment| {
        // A control that is waived would be there without the waiver, and is not there with it.
        let image = &environment.image;
        let is_there = |id: &String| image.controls.iter().any(|control| control == id);
        !image.waivers.iter().any(|waiver| is_there(&waiver.control))
    }),
    claim("access.session-retention", |environment| {
        let groups = &environment.log_groups;
        groups.session.as_ref().is_none_or(|group| {
            valet_gen::catalog::log_retention::DAYS.contains(&group.retention_in_days)
        })
    }),
    claim("worker.heartbeat-key", |environment| {
        let agent = &environment.agent;
        agent.heartbeat.url.is_none() || agent.secrets.contains_key("WORKER_API_KEY")
    }),
    claim("secrets.hatchet-token-missing", |environment| {
        environment
            .agent
            .secrets
            .contains_key("HATCHET_CLIENT_TOKEN")
    }),
];

#[test]
fn every_claim_is_a_rule_s() {
    for claim in CLAIMS {
        assert!(explain(claim.code).is_some(), "{}", claim.code);
    }
    assert!(is_unique(CLAIMS.iter().map(|claim| claim.code)));
}

/// Random fleets at the limits of the rules. Which claims are close to false is up to the fleets;
/// that a good part of them passes the rules and another is refused is asserted.
#[test]
fn what_passes_the_rules_is_as_the_rules_say() {
    let config = Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    };
    let (passed, refused) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(config);
    let result = runner.run(&fleet(), |text| {
        let Ok(plan) = try_plan_of(&text) else {
            refused.set(refused.get() + 1);
            return Ok(());
        };
        passed.set(passed.get() + 1);
        for environment in &plan.environments {
            for claim in CLAIMS {
                prop_assert!(
                    (claim.holds)(environment),
                    "{} is broken by the plan of\n{text}",
                    claim.code
                );
            }
        }
        Ok(())
    });
    result.expect("every claim holds");
    assert!(passed.get() > 20, "only {} fleets passed", passed.get());
    assert!(refused.get() > 20, "only {} were refused", refused.get());
}

/// The pair that had drifted apart: a rule that added nothing for what follows a drain.
#[test]
fn whoever_waits_for_a_drain_waits_for_what_follows_it_too() {
    let fleet = |drain: &str| {
        format!(
            "[fleet]\nname = \"valet\"\nregion = \"us-east-1\"\n[instances]\n\
             types = [{{ instance_type = \"m7i.large\" }}]\n[worker]\ndrain = {{ {drain} }}\n"
        )
    };
    let left_out = plan_of(&fleet("task_seconds = 60"));
    let worker = &left_out.environments[0].worker;
    assert_eq!(
        (worker.lifecycle_hook_seconds, worker.stop_timeout_seconds),
        (120, 120)
    );
    for (declared, code) in [
        (
            "stop_timeout_seconds = 80",
            "worker.drain-over-stop-timeout",
        ),
        (
            "stop_timeout_seconds = 119",
            "worker.drain-over-stop-timeout",
        ),
    ] {
        let findings = try_plan_of(&fleet(declared)).expect_err("it is too short");
        assert!(findings.contains(code), "{declared}: {findings}");
        assert!(
            findings.contains("120"),
            "the right value is named: {findings}"
        );
    }
    for declared in [
        "stop_timeout_seconds = 120",
        "lifecycle_hook_seconds = 30",
        "group_seconds = 11940, lifecycle_hook_seconds = 120",
        "task_seconds = 7200",
    ] {
        plan_of(&fleet(declared));
    }
    // The hook is extended while tasks run: what ends the wait is a hundred times its timeout.
    for (declared, right) in [
        ("group_seconds = 11941, lifecycle_hook_seconds = 120", "121"),
        ("group_seconds = 172800", "172740"),
    ] {
        let findings = try_plan_of(&fleet(declared)).expect_err("it is too long");
        assert!(
            findings.contains("worker.drain-over-hook") && findings.contains(right),
            "{declared}: {findings}"
        );
    }
}
