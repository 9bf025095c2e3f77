//! How long an instance takes to give up its work, and who waits for it.

use std::ops::RangeInclusive;

use crate::fleet::{Bounded, DrainTimeouts};

/// Seconds between a spot instance's notice and its end (EC2 user guide, spot instance
/// interruption notices).
pub const SPOT_NOTICE_SECONDS: u32 = 120;

/// Seconds that a lifecycle hook may wait for a heartbeat (EC2 Auto Scaling API reference,
/// `PutLifecycleHook`).
pub const HOOK_SECONDS: RangeInclusive<u32> = 30..=7200;

/// Seconds after a drain until the instance is done: the last metrics are sent and the lifecycle
/// hook is completed.
pub const AFTER_DRAIN_SECONDS: u32 = 40;

/// The longest that a runtime without tasks may take to stop, in seconds.
const RUNTIME_STOP_SECONDS: u32 = 10;

/// Seconds that a drain takes at most: the longest task and the safety margin.
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

/// Seconds that the terminate lifecycle hook holds an instance.
#[must_use]
pub fn lifecycle_hook_seconds(drain: &DrainTimeouts) -> u32 {
    let computed = needed_seconds(drain).clamp(*HOOK_SECONDS.start(), *HOOK_SECONDS.end());
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
    }
}
