//! The instance refresh that a change starts: how many instances, in how many waves, how long, and
//! what it does to running tasks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::config::{Object, Term};
use super::planner::Change;
use super::terraform_plan::Action;
use crate::cost::{self, CostRange};
use crate::resolve::Environment;

/// An instance refresh.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// Instances that are replaced: with the group at its smallest, at the expected load, at its
    /// largest. In the first and the last the schedules are counted.
    pub instances: CostRange,
    /// How often some of them are replaced until all are.
    pub waves: CostRange,
    /// Minutes from the first replacement to the last, checkpoints included.
    pub minutes: CostRange,
    /// Browsers that may be open at once on the instances that are replaced.
    pub tasks: CostRange,
    /// Seconds that a task has to end once its instance drains.
    pub drain_seconds: u64,
    /// Whether instances that still match the group are left alone.
    pub skips_matching: bool,
}

const GROUP: &str = "aws_autoscaling_group";
const TRIGGERS: [&str; 3] = [
    "launch_configuration",
    "launch_template",
    "mixed_instances_policy",
];

/// The refresh that these changes start, if they start one. The instances that are replaced are those of the
/// environment before the change: so many, with its slots, and with the drain of its agent.
#[must_use]
pub fn refresh(
    changes: &[Change],
    objects: &BTreeMap<String, Object>,
    before: &Environment,
) -> Option<Refresh> {
    let group = changes
        .iter()
        .find(|change| change.kind == GROUP && change.action == Action::Update)?;
    let starts = group
        .attributes
        .iter()
        .any(|name| TRIGGERS.contains(&name.as_str()));
    let values = Term::Map(group.after.as_ref()?.values.clone());
    values.at("instance_refresh").filter(|_| starts)?;
    let number =
        |path: &str, default: f64| values.at(path).and_then(Term::as_number).unwrap_or(default);
    let preference =
        |name: &str, default: f64| number(&format!("instance_refresh.preferences.{name}"), default);
    // What EC2 Auto Scaling takes where nothing is said (StartInstanceRefresh).
    let (healthy, most) = (
        preference("min_healthy_percentage", 90.0),
        preference("max_healthy_percentage", 100.0),
    );
    let checkpoints = values.at("instance_refresh.preferences.checkpoint_percentages");
    let checkpoints: Vec<f64> = checkpoints
        .map_or(&[][..], Term::elements)
        .iter()
        .filter_map(Term::as_number)
        .collect();
    let delay = preference("checkpoint_delay", 3600.0) / 60.0;
    let warm_up = number("default_instance_warmup", 300.0);
    let hook = objects
        .values()
        .filter(|object| object.kind == "aws_autoscaling_lifecycle_hook")
        .filter(|object| {
            let transition = object.values.get("lifecycle_transition");
            transition.and_then(Term::as_text) == Some("autoscaling:EC2_INSTANCE_TERMINATING")
        })
        .find_map(|object| {
            object
                .values
                .get("heartbeat_timeout")
                .and_then(Term::as_number)
        });
    let per_wave = (warm_up + hook.unwrap_or(0.0)) / 60.0;
    let instances = cost::estimate_environment(before).instances.map(f64::ceil);
    let waves = instances.map(|count| waves(count, healthy, most));
    let pauses = |count: f64| {
        let reached = |percent: &&f64| **percent < 100.0 && count > 1.0;
        checkpoints.iter().filter(reached).count() as f64 * delay
    };
    Some(Refresh {
        instances,
        waves,
        minutes: CostRange {
            minimum: (waves.minimum * per_wave + pauses(instances.minimum)).ceil(),
            expected: (waves.expected * per_wave + pauses(instances.expected)).ceil(),
            maximum: (waves.maximum * per_wave + pauses(instances.maximum)).ceil(),
        },
        tasks: instances.map(|count| count * f64::from(before.instances.largest_slots)),
        drain_seconds: before.agent.drain.group().duration().as_secs(),
        skips_matching: values.at("instance_refresh.preferences.skip_matching")
            == Some(&Term::Bool(true)),
    })
}

/// How often some instances are replaced until all are: in each wave as many as may be missing, or
/// may be there beside the others, and at least one.
fn waves(count: f64, healthy: f64, most: f64) -> f64 {
    if count == 0.0 {
        return 0.0;
    }
    let missing = (count * (100.0 - healthy) / 100.0).floor();
    let beside = (count * (most - 100.0).max(0.0) / 100.0).floor();
    (count / (missing + beside).max(1.0)).ceil()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_are_as_large_as_the_bounds_allow() {
        assert_eq!(waves(0.0, 100.0, 150.0), 0.0);
        assert_eq!(waves(1.0, 100.0, 150.0), 1.0);
        assert_eq!(waves(10.0, 100.0, 150.0), 2.0);
        assert_eq!(waves(10.0, 90.0, 100.0), 10.0);
    }
}
