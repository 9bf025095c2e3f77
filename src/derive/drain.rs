//! How long an instance takes to give up its work, and who waits for it.

use std::ops::RangeInclusive;

use crate::fleet::{Bounded, DrainTimeouts};

/// Seconds between a spot instance's notice and its end (EC2 user guide, spot instance
/// interruption notices).
pub const SPOT_NOTICE_SECONDS: u32 = 120;

/// Seconds that a lifecycle hook may wait for a heartbeat (EC2 Auto Scaling API reference,
/// `PutLifecycleHook`).
pub const HOOK_SECONDS: RangeInclusive<u32> = 30..=7200;

/// How many times its heartbeat timeout a hook may wait in all, and seconds that it may wait at most (EC2 Auto Scaling
/// user guide, lifecycle hooks, considerations).
pub const HOOK_EXTENSIONS: u32 = 100;
pub const LONGEST_WAIT_SECONDS: u32 = 48 * 60 * 60;

/// Seconds without a word from the agent after which the launch lifecycle hook has the instance replaced. The agent says
/// its first after a third of it: by then it is up, or it is dead. A host that waits for a secret's value may do so for
/// [`HOOK_EXTENSIONS`] times this, 16 h 40 min.
pub const LAUNCH_HOOK_SECONDS: u32 = 600;

/// Seconds that tasks have when the group ends the instance and fleet.toml does not say. Nobody waits for the instance,
/// and the drain is over with the last task: so this only has to be longer than most tasks.
const GROUP_SECONDS: u32 = 1800;

/// Seconds after a drain until the instance is done: the last metrics are sent and the lifecycle
/// hook is completed.
pub const AFTER_DRAIN_SECONDS: u32 = 40;

/// The longest that a runtime without tasks may take to stop, in seconds.
const RUNTIME_STOP_SECONDS: u32 = 10;

/// Seconds that tasks have when the Auto Scaling group ends the instance.
#[must_use]
pub fn group_seconds(drain: &DrainTimeouts) -> u32 {
    let otherwise = drain.task_seconds.get().max(GROUP_SECONDS);
    drain.group_seconds.map_or(otherwise, Bounded::get)
}

/// Seconds that tasks need of a spot interruption notice: what fleet.toml says, or any at all.
#[must_use]
pub fn least_spot_seconds(drain: &DrainTimeouts) -> u32 {
    drain.spot_seconds.map_or(1, Bounded::get)
}

/// Seconds that tasks have before a scheduled maintenance.
#[must_use]
pub fn maintenance_seconds(drain: &DrainTimeouts) -> u32 {
    let otherwise = group_seconds(drain);
    drain.maintenance_seconds.map_or(otherwise, Bounded::get)
}

/// Seconds from the beginning of a drain for the group until its hook is completed.
#[must_use]
pub fn needed_of_group_seconds(drain: &DrainTimeouts) -> u32 {
    group_seconds(drain) + drain.safety_margin_seconds.get() + AFTER_DRAIN_SECONDS
}

/// Seconds that a hook with this heartbeat timeout can be extended to.
#[must_use]
pub fn longest_wait_seconds(hook_seconds: u32) -> u32 {
    hook_seconds
        .saturating_mul(HOOK_EXTENSIONS)
        .min(LONGEST_WAIT_SECONDS)
}

/// Seconds that a drain takes at most when the agent is stopped: the longest task and the safety margin.
#[must_use]
pub fn seconds(drain: &DrainTimeouts) -> u32 {
    drain.task_seconds.get() + drain.safety_margin_seconds.get()
}

/// Seconds from the beginning of a drain until the instance is done. Whoever waits for the drain
/// has to wait that long.
#[must_use]
pub fn needed_seconds(drain: &DrainTimeouts) -> u32 {
    seconds(drain) + AFTER_DRAIN_SECONDS
}

/// The heartbeat timeout of the terminate lifecycle hook in seconds. The agent extends the hook while it drains, so the
/// timeout is short enough not to hold an instance whose agent is dead, and long enough for what can be extended.
#[must_use]
pub fn lifecycle_hook_seconds(drain: &DrainTimeouts) -> u32 {
    let extended = needed_of_group_seconds(drain).div_ceil(HOOK_EXTENSIONS);
    let computed = needed_seconds(drain)
        .max(extended)
        .clamp(*HOOK_SECONDS.start(), *HOOK_SECONDS.end());
    drain.lifecycle_hook_seconds.map_or(computed, Bounded::get)
}

/// Seconds that systemd waits for the agent to stop.
#[must_use]
pub fn stop_timeout_seconds(drain: &DrainTimeouts) -> u32 {
    drain
        .stop_timeout_seconds
        .map_or(needed_seconds(drain), Bounded::get)
}

/// Seconds that systemd waits for the runtime to stop. A quarter of the margin is for ending tasks,
/// half of it for ending the runtime.
#[must_use]
pub fn runtime_stop_seconds(drain: &DrainTimeouts) -> u32 {
    let half_of_margin = drain.safety_margin_seconds.get() / 2;
    half_of_margin.clamp(1, RUNTIME_STOP_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_long_enough_for_the_drain_and_what_follows_it() {
        let drain = DrainTimeouts::default();
        assert_eq!(seconds(&drain), 80);
        assert_eq!(lifecycle_hook_seconds(&drain), 120);
        assert_eq!(stop_timeout_seconds(&drain), 120);
        assert_eq!(group_seconds(&drain), 1800);
        assert_eq!(maintenance_seconds(&drain), 1800);
    }

    #[test]
    fn a_long_budget_of_the_group_needs_a_hook_that_can_be_extended_so_far() {
        let drain = DrainTimeouts {
            group_seconds: Some(Bounded::new(86_400)),
            ..DrainTimeouts::default()
        };
        let hook = lifecycle_hook_seconds(&drain);
        assert_eq!(hook, 865);
        assert!(longest_wait_seconds(hook) >= needed_of_group_seconds(&drain));
        assert_eq!(longest_wait_seconds(7200), 172_800);
    }
}
