//! What systemd is told of the agent: that it is ready, how it is, and that it is alive.

use std::time::Duration;

use sd_notify::NotifyState;
use valet_protocol::local_api::State;

use crate::host::Shared;
use crate::state::Facts;

/// How often a start that has not come to its end asks for more time, and how much.
const STRETCH: Duration = Duration::from_secs(10);
const MORE: u32 = 30_000_000;

/// Tells systemd until the agent ends. Without systemd there is nobody to tell, and nothing is.
///
/// Every part shares one thread, so one that blocks it blocks this too, and systemd's watchdog
/// kills the agent.
pub async fn run(host: Shared) {
    let interval = sd_notify::watchdog_enabled().map_or(STRETCH, |limit| (limit / 3).min(STRETCH));
    let mut ticks = tokio::time::interval(interval);
    let mut facts = host.watch();
    let mut ready = false;
    let mut told = String::new();
    loop {
        let line = words(&facts.borrow_and_update());
        if line != told {
            tell(&[NotifyState::Status(&line)]);
            told = line;
        }
        if !ready && host.look(|facts| facts.state == State::Ready) {
            ready = true;
            tell(&[NotifyState::Ready]);
        }
        tokio::select! {
            _ = ticks.tick() => tell(&alive(ready)),
            changed = facts.changed() => if changed.is_err() { return },
            () = host.ending().cancelled() => return,
        }
    }
}

/// A host that is not ready is no failed start as long as the agent works on it: it may drain what
/// an agent before it had begun to, or wait to be replaced.
fn alive(ready: bool) -> Vec<NotifyState<'static>> {
    let mut states = vec![NotifyState::Watchdog];
    if !ready {
        states.push(NotifyState::ExtendTimeoutUsec(MORE));
    }
    states
}

fn words(facts: &Facts) -> String {
    let (leases, slots) = (facts.leases, facts.slots());
    format!(
        "{}, {leases} of {slots} slots: {}",
        facts.state.word(),
        facts.cause
    )
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd cannot be told");
    }
}

/// Tells systemd that the agent stops, which is when its `TimeoutStopSec` begins.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}
