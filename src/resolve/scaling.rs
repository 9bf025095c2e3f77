//! `[scaling]` and `[[schedule]]`

use serde::Serialize;

use crate::catalog::metrics;
use crate::{derive, fleet};

/// Bounds of the group and what moves it within them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scaling {
    pub min_size: u32,
    pub max_size: u32,
    /// The queue's steps, the shallowest first; empty when the queue moves nothing.
    pub queue_steps: Vec<QueueStep>,
    /// What a waiting task does where there is no worker.
    pub from_zero: Option<FromZero>,
    pub scale_in: Option<ScaleIn>,
    /// Average CPU utilization to stay under, in percent.
    pub cpu_target: Option<u32>,
    /// Average slot use to stay under, in percent.
    pub slots_target: Option<u32>,
    /// The metrics that the policies watch.
    pub queue_depth: &'static str,
    pub slot_utilization: &'static str,
    /// The group's desired capacity, as EC2 Auto Scaling publishes it.
    pub desired_capacity: &'static str,
    pub schedules: Vec<Schedule>,
    /// Whether a schedule changes the smallest size, which Terraform then leaves alone.
    pub schedules_own_min_size: bool,
    /// Whether a schedule changes the largest size.
    pub schedules_own_max_size: bool,
}

/// What a queue of a given depth does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueStep {
    /// The name in CloudWatch of the alarm that sets it off, and of the policy that carries it out.
    pub full_name: String,
    pub at_least: u32,
    pub for_minutes: u32,
    /// Capacity units to add, or the size to go to.
    pub adjustment: u32,
    /// Whether `adjustment` is the size to go to.
    pub to_max: bool,
}

/// What a waiting task does where there is no worker.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FromZero {
    /// The name in CloudWatch of the alarm that sets it off, and of the policy that carries it out.
    pub full_name: String,
    /// Capacity units to add.
    pub add: u32,
}

/// What an idle fleet does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScaleIn {
    /// The name in CloudWatch of the alarm that sets it off, and of the policy that carries it out.
    pub full_name: String,
    /// Whether the queue has to be empty too.
    pub by_queue: bool,
    pub idle_minutes: u32,
    pub cooldown_seconds: u32,
    pub remove: u32,
    pub below_slots_percent: u32,
}

/// A time at which the bounds change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Schedule {
    pub name: String,
    pub recurrence: String,
    pub time_zone: String,
    /// The sizes that it sets; `None` leaves one as it is.
    pub min_size: Option<u32>,
    pub max_size: Option<u32>,
    pub desired_capacity: Option<u32>,
}

pub fn resolve(fleet: &fleet::Fleet, prefix: &str) -> Scaling {
    let (scaling, schedules) = (&fleet.scaling, &fleet.schedule);
    let fleet::Scaling {
        min_size,
        max_size,
        // Steps and what an idle fleet does, below.
        queue: _,
        // Both are targets, which are off or a percentage.
        cpu: _,
        slots: _,
    } = scaling;
    let largest_size = derive::scaling::largest_size(scaling, schedules);
    Scaling {
        min_size: min_size.get(),
        max_size: max_size.get(),
        queue_steps: derive::scaling::queue_steps(fleet)
            .iter()
            .map(|step| resolve_step(step, largest_size, prefix))
            .collect(),
        from_zero: derive::scaling::starts_from_zero(fleet).then(|| FromZero {
            full_name: derive::alarms::full_name(prefix, derive::scaling::ZERO_ALARM),
            add: derive::scaling::FIRST_CAPACITY,
        }),
        scale_in: derive::scaling::scale_in(fleet)
            .map(|idle| resolve_scale_in(idle, derive::scaling::scales_by_queue(fleet), prefix)),
        cpu_target: derive::scaling::cpu_target(scaling),
        slots_target: derive::scaling::slots_target(scaling),
        queue_depth: metrics::QUEUE_DEPTH.name,
        slot_utilization: metrics::SLOT_UTILIZATION.name,
        desired_capacity: metrics::GROUP_DESIRED_CAPACITY.name,
        schedules_own_min_size: schedules.iter().any(|schedule| schedule.min_size.is_some()),
        schedules_own_max_size: schedules.iter().any(|schedule| schedule.max_size.is_some()),
        schedules: schedules.iter().map(resolve_schedule).collect(),
    }
}

fn resolve_step(step: &fleet::ScalingStep, largest_size: u32, prefix: &str) -> QueueStep {
    let fleet::ScalingStep {
        at_least,
        for_minutes,
        add: _,
        to: _,
    } = step;
    QueueStep {
        full_name: derive::alarms::full_name(prefix, &derive::scaling::step_alarm(step)),
        at_least: at_least.get(),
        for_minutes: for_minutes.get(),
        adjustment: derive::scaling::adjustment(step, largest_size),
        to_max: derive::scaling::goes_to_largest(step),
    }
}

fn resolve_scale_in(scale_in: &fleet::ScaleIn, by_queue: bool, prefix: &str) -> ScaleIn {
    let fleet::ScaleIn {
        idle_minutes,
        remove,
        below_slots_percent,
    } = scale_in;
    ScaleIn {
        full_name: derive::alarms::full_name(prefix, derive::scaling::IDLE_ALARM),
        by_queue,
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
    Schedule {
        name: name.clone(),
        recurrence: recurrence.clone(),
        time_zone: time_zone.clone(),
        min_size: min_size.map(fleet::Bounded::get),
        max_size: max_size.map(fleet::Bounded::get),
        desired_capacity: desired_capacity.map(fleet::Bounded::get),
    }
}
