//! The sizes of the group, and what moves it between them.

use crate::fleet::{
    Bounded, Fleet, Instances, ScaleIn, Scaling, ScalingStep, Schedule, StepTarget,
};

/// The bounds of the group at one time, in capacity units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeBounds {
    pub min_size: u32,
    pub max_size: u32,
}

impl SizeBounds {
    /// The bounds before any schedule.
    #[must_use]
    pub fn of(scaling: &Scaling) -> Self {
        Self {
            min_size: scaling.min_size.get(),
            max_size: scaling.max_size.get(),
        }
    }

    /// The bounds after a schedule of fleet.toml.
    #[must_use]
    pub fn after_schedule(self, schedule: &Schedule) -> Self {
        self.after(
            schedule.min_size.map(Bounded::get),
            schedule.max_size.map(Bounded::get),
        )
    }

    /// The bounds after a scheduled action, which sets the sizes that it names.
    #[must_use]
    pub fn after(self, min_size: Option<u32>, max_size: Option<u32>) -> Self {
        Self {
            min_size: min_size.unwrap_or(self.min_size),
            max_size: max_size.unwrap_or(self.max_size),
        }
    }
}

/// The largest size that the group has at any time, whatever schedule is in force.
///
/// Auto Scaling cuts what a policy asks for down to the largest size of the moment, and takes a
/// smaller number for an order to shrink: so this is what a step to the largest size goes to.
#[must_use]
pub fn largest_size(scaling: &Scaling, schedules: &[Schedule]) -> u32 {
    let of_schedules = schedules.iter().filter_map(|schedule| schedule.max_size);
    of_schedules
        .map(Bounded::get)
        .fold(scaling.max_size.get(), u32::max)
}

/// Whether any instance of the group can be a spot instance.
#[must_use]
pub fn uses_spot(fleet: &Fleet) -> bool {
    let Instances {
        on_demand_base_capacity,
        on_demand_percentage_above_base_capacity,
        ..
    } = &fleet.instances;
    on_demand_percentage_above_base_capacity.get() < 100
        && on_demand_base_capacity.get() < largest_size(&fleet.scaling, &fleet.schedule)
}

/// Whether tasks are listed. The agents publish the depth of their queues, and no depth without tasks.
#[must_use]
pub fn publishes_queue(fleet: &Fleet) -> bool {
    !fleet.worker.hatchet.tasks.is_empty()
}

/// Whether the depth of Hatchet's queue changes the size: where tasks are listed, unless fleet.toml says otherwise.
#[must_use]
pub fn scales_by_queue(fleet: &Fleet) -> bool {
    let enabled = fleet.scaling.queue.enabled;
    enabled.unwrap_or_else(|| publishes_queue(fleet))
}

/// The queue's steps in force: none while the queue is off.
#[must_use]
pub fn queue_steps(fleet: &Fleet) -> &[ScalingStep] {
    if scales_by_queue(fleet) {
        &fleet.scaling.queue.steps
    } else {
        &[]
    }
}

/// The smallest size that the group has at any time, whatever schedule is in force.
#[must_use]
pub fn smallest_size(scaling: &Scaling, schedules: &[Schedule]) -> u32 {
    let of_schedules = schedules.iter().filter_map(|schedule| schedule.min_size);
    of_schedules
        .map(Bounded::get)
        .fold(scaling.min_size.get(), u32::min)
}

/// What an idle fleet does; `None` for a group of one size.
///
/// Everything else only adds: the targets do not scale in, and a schedule that lowers the smallest size again leaves the
/// wanted size where it was. So a group that can ever be larger than its smallest size needs this.
#[must_use]
pub fn scale_in(fleet: &Fleet) -> Option<&ScaleIn> {
    let smallest = smallest_size(&fleet.scaling, &fleet.schedule);
    (smallest < largest_size(&fleet.scaling, &fleet.schedule))
        .then_some(&fleet.scaling.queue.scale_in)
}

/// Average CPU utilization in percent above which the group grows.
#[must_use]
pub fn cpu_target(scaling: &Scaling) -> Option<u32> {
    scaling
        .cpu
        .enabled
        .then(|| scaling.cpu.target_percent.get())
}

/// Average slot use in percent above which the group grows.
#[must_use]
pub fn slots_target(scaling: &Scaling) -> Option<u32> {
    scaling
        .slots
        .enabled
        .then(|| scaling.slots.target_percent.get())
}

/// Whether a step goes to the largest size instead of adding to the size.
#[must_use]
pub fn goes_to_largest(step: &ScalingStep) -> bool {
    step.to == Some(StepTarget::Max)
}

/// Capacity units that a step adds, or the size that it goes to.
#[must_use]
pub fn adjustment(step: &ScalingStep, largest_size: u32) -> u32 {
    if goes_to_largest(step) {
        largest_size
    } else {
        step.add.map_or(0, Bounded::get)
    }
}

/// Whether a waiting task starts the first worker: somebody publishes the queue while there is none, and the group can have
/// none.
#[must_use]
pub fn starts_from_zero(fleet: &Fleet) -> bool {
    let smallest = smallest_size(&fleet.scaling, &fleet.schedule);
    fleet.control.enabled && scales_by_queue(fleet) && smallest == 0
}

/// Capacity units that a waiting task adds to a group of none.
pub const FIRST_CAPACITY: u32 = 1;

/// The alarm that a waiting task sets off where there is no worker, without the prefix.
pub const ZERO_ALARM: &str = "queue-at-zero";

/// The alarm that makes the group smaller, without the prefix.
pub const IDLE_ALARM: &str = "idle";

/// The alarm that a step of the queue's depth waits for, without the prefix.
#[must_use]
pub fn step_alarm(step: &ScalingStep) -> String {
    format!("queue-at-least-{}", step.at_least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(max_size: Option<u32>) -> Schedule {
        Schedule {
            name: "day".to_owned(),
            recurrence: "0 8 * * *".to_owned(),
            time_zone: "Etc/UTC".to_owned(),
            min_size: None,
            max_size: max_size.map(Bounded::new),
            desired_capacity: None,
        }
    }

    #[test]
    fn the_largest_size_is_that_of_the_whole_day() {
        let scaling = Scaling {
            max_size: Bounded::new(5),
            ..Scaling::default()
        };
        let day_and_night = [schedule(Some(20)), schedule(Some(3)), schedule(None)];
        assert_eq!(largest_size(&scaling, &day_and_night), 20);
        assert_eq!(largest_size(&scaling, &[]), 5);
    }

    #[test]
    fn a_schedule_leaves_a_size_that_it_does_not_name() {
        let bounds = SizeBounds {
            min_size: 1,
            max_size: 10,
        };
        assert_eq!(bounds.after(None, Some(4)).min_size, 1);
        assert_eq!(bounds.after(None, None), bounds);
    }
}
