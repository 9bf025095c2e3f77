//! `[scaling]` and `[[schedule]]`

use serde::Serialize;

use crate::catalog::metrics;
use crate::fleet::{self, StepTarget};

/// Bounds of the group and what moves it within them.
#[derive(Clone, Debug, Serialize)]
pub struct Scaling {
    pub min_size: u32,
    pub max_size: u32,
    /// The queue's steps, the shallowest first; empty when the queue moves nothing.
    pub queue_steps: Vec<QueueStep>,
    pub scale_in: Option<ScaleIn>,
    /// Average CPU utilization to stay under, in percent.
    pub cpu_target: Option<u32>,
    /// Average slot use to stay under, in percent.
    pub slots_target: Option<u32>,
    /// The metrics that the policies watch.
    pub queue_depth: &'static str,
    pub slot_utilization: &'static str,
    pub schedules: Vec<Schedule>,
    /// Whether a schedule changes the smallest size, which Terraform then leaves alone.
    pub schedules_own_min_size: bool,
    /// Whether a schedule changes the largest size.
    pub schedules_own_max_size: bool,
}

/// What a queue of a given depth does.
#[derive(Clone, Debug, Serialize)]
pub struct QueueStep {
    pub at_least: u32,
    pub for_minutes: u32,
    /// Capacity units to add, or the size to go to.
    pub adjustment: u32,
    /// Whether `adjustment` is the size to go to.
    pub to_max: bool,
}

/// What an idle fleet does.
#[derive(Clone, Debug, Serialize)]
pub struct ScaleIn {
    pub idle_minutes: u32,
    pub cooldown_seconds: u32,
    pub remove: u32,
    pub below_slots_percent: u32,
}

/// A time at which the bounds change.
#[derive(Clone, Debug, Serialize)]
pub struct Schedule {
    pub name: String,
    /// The name as Terraform lets a resource be called.
    pub resource: String,
    pub recurrence: String,
    pub time_zone: String,
    /// -1 leaves a size as it is. An argument that is left out would become 0.
    pub min_size: i64,
    pub max_size: i64,
    pub desired_capacity: i64,
}

pub fn resolve(scaling: &fleet::Scaling, schedules: &[fleet::Schedule]) -> Scaling {
    let fleet::Scaling {
        min_size,
        max_size,
        queue,
        cpu,
        slots,
    } = scaling;
    let fleet::Queue {
        enabled,
        steps,
        scale_in,
        // The registry of alarms reads it.
        alert_when_saturated: _,
    } = queue;
    Scaling {
        min_size: min_size.get(),
        max_size: max_size.get(),
        queue_steps: if *enabled {
            steps
                .iter()
                .map(|step| resolve_step(step, largest_size(max_size.get(), schedules)))
                .collect()
        } else {
            Vec::new()
        },
        scale_in: enabled.then(|| resolve_scale_in(scale_in)),
        cpu_target: cpu.enabled.then(|| cpu.target_percent.get()),
        slots_target: slots.enabled.then(|| slots.target_percent.get()),
        queue_depth: metrics::QUEUE_DEPTH.name,
        slot_utilization: metrics::SLOT_UTILIZATION.name,
        schedules_own_min_size: schedules.iter().any(|schedule| schedule.min_size.is_some()),
        schedules_own_max_size: schedules.iter().any(|schedule| schedule.max_size.is_some()),
        schedules: schedules.iter().map(resolve_schedule).collect(),
    }
}

/// The largest size that the group has at any time. Auto Scaling cuts what a policy asks for down to the
/// largest size of the moment, and would take a smaller number for an order to shrink.
fn largest_size(max_size: u32, schedules: &[fleet::Schedule]) -> u32 {
    let of_schedules = schedules.iter().filter_map(|schedule| schedule.max_size);
    of_schedules
        .map(fleet::Bounded::get)
        .fold(max_size, u32::max)
}

fn resolve_step(step: &fleet::Step, largest_size: u32) -> QueueStep {
    let fleet::Step {
        at_least,
        for_minutes,
        add,
        to,
    } = step;
    let to_max = matches!(to, Some(StepTarget::Max));
    QueueStep {
        at_least: at_least.get(),
        for_minutes: for_minutes.get(),
        adjustment: if to_max {
            largest_size
        } else {
            add.map_or(0, fleet::Bounded::get)
        },
        to_max,
    }
}

fn resolve_scale_in(scale_in: &fleet::ScaleIn) -> ScaleIn {
    let fleet::ScaleIn {
        idle_minutes,
        remove,
        below_slots_percent,
    } = scale_in;
    ScaleIn {
        idle_minutes: idle_minutes.get(),
        cooldown_seconds: idle_minutes.get() * 60,
        remove: remove.get(),
        below_slots_percent: below_slots_percent.get(),
    }
}

fn resolve_schedule(schedule: &fleet::Schedule) -> Schedule {
    let fleet::Schedule {
        name,
        recurrence,
        time_zone,
        min_size,
        max_size,
        desired_capacity,
    } = schedule;
    let size =
        |typed: &Option<fleet::Bounded<0, 10000>>| typed.map_or(-1, |size| i64::from(size.get()));
    Schedule {
        name: name.clone(),
        resource: name.replace('-', "_"),
        recurrence: recurrence.clone(),
        time_zone: time_zone.clone(),
        min_size: size(min_size),
        max_size: size(max_size),
        desired_capacity: size(desired_capacity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Bounded;

    fn schedule(max_size: Option<u32>) -> fleet::Schedule {
        fleet::Schedule {
            name: "day".to_owned(),
            recurrence: "0 8 * * *".to_owned(),
            time_zone: "Etc/UTC".to_owned(),
            min_size: None,
            max_size: max_size.map(Bounded::new),
            desired_capacity: None,
        }
    }

    #[test]
    fn a_step_to_the_largest_size_goes_to_that_of_the_day() {
        let day_and_night = [schedule(Some(20)), schedule(Some(3)), schedule(None)];
        assert_eq!(largest_size(5, &day_and_night), 20);
        assert_eq!(largest_size(5, &[]), 5);
    }
}
