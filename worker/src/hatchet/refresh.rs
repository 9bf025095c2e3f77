//! When this host may drain for changed secrets, so that a rotated secret does not take the whole fleet
//! from its work at once.
//!
//! Each host waits for its own time in a window of fleet size x drain budget: a hash of its instance id,
//! so that a restarted agent waits for the same one. Then it counts the workers that drain, and waits
//! while they are a tenth of the fleet, or one in a small fleet. Two hosts that count at the same moment
//! may both begin: the test below simulates by how much that overshoots.

use std::time::Duration;

use tokio::time::Instant;
use valet_protocol::local_api::State;

use super::fleet::Fleet;
use super::poll_schedule::phase;
use super::rest::Rest;
use crate::host::{Host, HostFor};
use crate::state::part::Hatchet;
use crate::state::{HostState, Identity};

/// However large the fleet is and whatever cannot be counted: a host with a secret of before is
/// refreshed within this time.
pub const MAX_WAIT: Duration = Duration::from_hours(24);

/// The part of the fleet that may drain at the same time.
const PART: u32 = 10;

/// Between two counts.
const AGAIN: Duration = Duration::from_secs(20);

/// Gives the permit each time that it is needed. Never ends.
pub async fn run(host: &HostFor<Hatchet>, rest: &Rest, identity: &Identity) {
    let mut fleet = Fleet::default();
    loop {
        host.wait_until(needed).await;
        let begun = Instant::now();
        let size = fleet.size(host, identity).await.unwrap_or(1);
        let budget = host.config.drain.task_seconds.duration();
        tokio::time::sleep(delay(phase(&identity.instance_id), size, budget)).await;
        while begun.elapsed() < MAX_WAIT && !has_room(host, rest, size).await {
            tokio::time::sleep(AGAIN.mul_f64(0.5 + fastrand::f64())).await;
        }
        host.update(|current| {
            *current.refresh_permitted_mut() = needed(current);
            current.refresh_permitted
        });
        host.wait_until(|current| current.stale.is_empty()).await;
        host.update(|current| std::mem::take(current.refresh_permitted_mut()));
    }
}

fn needed(current: &HostState) -> bool {
    !current.stale.is_empty() && current.state == State::Ready && current.drain.is_none()
}

/// How long a host waits for its time in the window. One that is alone has nobody to wait for.
fn delay(phase: f64, size: u32, budget: Duration) -> Duration {
    let window = budget
        .saturating_mul(size.saturating_sub(1))
        .min(MAX_WAIT / 2);
    window.mul_f64(phase)
}

/// How many hosts may drain at the same time.
fn limit(size: u32) -> u32 {
    (size / PART).max(1)
}

async fn has_room(host: &Host, rest: &Rest, size: u32) -> bool {
    if size <= 1 {
        return true;
    }
    match rest.draining(&static_labels(host)).await {
        Ok(draining) => draining < limit(size),
        Err(error) => {
            tracing::warn!(
                reason = error.message(),
                "draining hosts cannot be counted; the refresh waits"
            );
            false
        }
    }
}

/// The labels by which Hatchet finds the fleet's draining workers: those that never change, and the one
/// that says `draining`.
fn static_labels(host: &Host) -> Vec<(String, String)> {
    let current = host.snapshot();
    let labels = super::labels::of(&host.config, &current);
    let templates = &host.config.hatchet.labels;
    templates
        .iter()
        .filter_map(|(key, template)| match template.as_str() {
            "{adspower}" => Some((key.clone(), "draining".to_owned())),
            template if template.contains("{capacity}") || template.contains("{adspower}") => None,
            template if template.contains("{instance_type}") => None,
            _ => Some((key.clone(), labels.get(key)?.to_string())),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most hosts that drain at once, where each counts at its time and again while there is no
    /// room, and a drain shows in the next host's count only after `blind` seconds.
    fn most_at_once(size: u32, budget: u64, blind: u64) -> u32 {
        let mut times: Vec<u64> = (0..size)
            .map(|number| {
                let phase = phase(&format!("i-{number:017x}"));
                delay(phase, size, Duration::from_secs(budget)).as_secs()
            })
            .collect();
        let mut begun: Vec<u64> = Vec::new();
        let (mut now, mut most) = (0, 0);
        while !times.is_empty() {
            let drains = |begin: &&u64| **begin + budget > now;
            let seen = begun
                .iter()
                .filter(drains)
                .filter(|begin| **begin + blind <= now)
                .count();
            let due: Vec<usize> = (0..times.len())
                .filter(|host| times[*host] <= now)
                .collect();
            for host in due.into_iter().rev() {
                if (seen as u32) < limit(size) {
                    begun.push(now);
                    times.remove(host);
                } else {
                    times[host] = now + AGAIN.as_secs();
                }
            }
            most = most.max(begun.iter().filter(drains).count() as u32);
            now += 1;
        }
        most
    }

    #[test]
    fn a_rotated_secret_overshoots_the_limit_by_a_few_hosts_at_most() {
        for (size, budget) in [(1, 60), (2, 60), (10, 60), (50, 60), (100, 60), (300, 60)] {
            let most = most_at_once(size, budget, 5);
            assert!(most <= limit(size) + 3, "{size}: {most}");
        }
    }

    #[test]
    fn a_host_alone_does_not_wait_and_a_large_fleet_is_done_within_a_day() {
        let hour = Duration::from_hours(1);
        assert_eq!(delay(0.99, 1, hour), Duration::ZERO);
        assert!(delay(0.999, 100_000, hour) <= MAX_WAIT / 2);
    }
}
