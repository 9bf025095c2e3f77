//! `[scaling]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bounded;

/// How many instances there are, and what changes that.
///
/// Sizes count capacity units: one instance of the type with the fewest slots is one unit, and
/// larger types count for more (see `instances.types[].weight`). The desired size is never
/// typed: schedules move the bounds, the policies below move the group within them.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Scaling {
    /// The fewest capacity units.
    pub min_size: Bounded<0, 10000>,

    /// The most capacity units.
    pub max_size: Bounded<0, 10000>,

    /// Scaling by the depth of Hatchet's queue.
    pub queue: Queue,

    /// Scaling out by processor load. It never scales in.
    pub cpu: CpuTarget,

    /// Scaling out by the share of browser slots in use. It never scales in.
    pub slots: SlotsTarget,
}

impl Default for Scaling {
    fn default() -> Self {
        Self {
            min_size: Bounded::new(1),
            max_size: Bounded::new(10),
            queue: Queue::default(),
            cpu: CpuTarget::default(),
            slots: SlotsTarget::default(),
        }
    }
}

/// Scaling by the depth of Hatchet's queue.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// Whether the queue's depth changes the size; by default where `worker.hatchet.tasks` lists tasks.
    ///
    /// Without tasks nobody publishes a depth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,

    /// What a deep queue does, from the shallowest depth to the deepest. At most ten.
    #[schemars(length(max = 10))]
    pub steps: Vec<ScalingStep>,

    /// What an idle fleet does. Without a queue it is the use of the slots alone that counts.
    pub scale_in: ScaleIn,

    /// Whether a queue that is not empty while the group is at its largest fires an alarm.
    pub alert_when_saturated: bool,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            enabled: None,
            steps: vec![
                ScalingStep {
                    at_least: Bounded::new(5),
                    for_minutes: Bounded::new(3),
                    add: Some(Bounded::new(2)),
                    to: None,
                },
                ScalingStep {
                    at_least: Bounded::new(20),
                    for_minutes: Bounded::new(1),
                    add: None,
                    to: Some(StepTarget::Max),
                },
            ],
            scale_in: ScaleIn::default(),
            alert_when_saturated: true,
        }
    }
}

/// What a queue of a given depth does. Exactly one of `add` and `to` is given.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScalingStep {
    /// The depth from which the step applies, in waiting tasks.
    pub at_least: Bounded<1, 1_000_000>,

    /// Minutes that the depth must last.
    pub for_minutes: Bounded<1, 60>,

    /// Capacity units to add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add: Option<Bounded<1, 1000>>,

    /// The size to go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<StepTarget>,
}

/// A size that a step goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepTarget {
    /// The group's largest size.
    Max,
}

/// What an idle fleet does.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScaleIn {
    /// Minutes that few slots must be in use, and the queue empty, before the group shrinks.
    pub idle_minutes: Bounded<1, 1440>,

    /// Capacity units to remove at a time.
    pub remove: Bounded<1, 1000>,

    /// Slot use in percent under which the fleet counts as idle.
    ///
    /// What still runs on an instance that is removed is drained by the terminate lifecycle hook.
    pub below_slots_percent: Bounded<1, 100>,
}

impl Default for ScaleIn {
    fn default() -> Self {
        Self {
            idle_minutes: Bounded::new(15),
            remove: Bounded::new(1),
            below_slots_percent: Bounded::new(20),
        }
    }
}

/// Scaling out by processor load.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CpuTarget {
    /// Whether processor load changes the size.
    pub enabled: bool,

    /// The average CPU utilization to stay under, in percent.
    pub target_percent: Bounded<1, 100>,
}

impl Default for CpuTarget {
    fn default() -> Self {
        Self {
            enabled: true,
            target_percent: Bounded::new(70),
        }
    }
}

/// Scaling out by the share of browser slots in use.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SlotsTarget {
    /// Whether slot use changes the size.
    pub enabled: bool,

    /// The average share of slots in use to stay under, in percent.
    pub target_percent: Bounded<1, 100>,
}

impl Default for SlotsTarget {
    fn default() -> Self {
        Self {
            enabled: true,
            target_percent: Bounded::new(80),
        }
    }
}
