//! How many tasks wait in Hatchet, asked in this agent's turns.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::fleet::Fleet;
use super::rest::{Rest, RestError};
use super::{own_worker, refresh};
use crate::host::HostFor;
use crate::state::Identity;
use crate::state::part::Hatchet;

/// Turns left out after Hatchet has said "too many": one, then three, and so on up to this.
const MOST_LEFT_OUT: u32 = 15;

/// Reads the queue in this agent's turns, looks at its own worker, and asks who drains before it does.
pub async fn run(host: &HostFor<Hatchet>, rest: &Rest) {
    host.wait_until(|current| current.identity.is_some()).await;
    let Some(identity) = host.read(|current| current.identity.clone()) else {
        return;
    };
    tokio::join!(
        turns(host, rest, &identity),
        own_worker::run(host, rest),
        refresh::run(host, rest, &identity),
    );
}

async fn turns(host: &HostFor<Hatchet>, rest: &Rest, identity: &Arc<Identity>) {
    let interval = host.config.metrics.interval_seconds.duration();
    let mut fleet = Fleet::default();
    let mut rate_limit = RateLimit::default();
    loop {
        let place = fleet.place(host, identity).await;
        tokio::time::sleep(place.until_turn(since_1970(), interval)).await;
        if rate_limit.left_out() {
            continue;
        }
        let too_many = turn(host, rest).await;
        rate_limit.heard(too_many);
    }
}

fn since_1970() -> Duration {
    Duration::try_from(Timestamp::now().as_duration()).unwrap_or_default()
}

/// One turn. Answers whether Hatchet has said "too many".
async fn turn(host: &HostFor<Hatchet>, rest: &Rest) -> bool {
    let mut too_many = false;
    if host.config.hatchet.tasks.is_empty() {
        return too_many;
    }
    match rest.queue(&host.config.hatchet.tasks).await {
        Ok(queue) => host.update(|current| {
            *current.queue_mut() = Some(queue);
            true
        }),
        Err(fault) => {
            too_many |= fault == RestError::TooMany;
            tracing::warn!(reason = fault.message(), "the queue depth cannot be read");
        }
    }
    too_many
}

/// Polls less often after "too many", and as often as before once Hatchet answers.
#[derive(Debug, Default)]
struct RateLimit {
    refusals: u32,
    to_leave_out: u32,
}

impl RateLimit {
    fn left_out(&mut self) -> bool {
        let out = self.to_leave_out > 0;
        self.to_leave_out = self.to_leave_out.saturating_sub(1);
        out
    }

    fn heard(&mut self, too_many: bool) {
        if too_many {
            self.refusals += 1;
            let doubled = 1_u32.checked_shl(self.refusals).unwrap_or(u32::MAX);
            self.to_leave_out = (doubled - 1).min(MOST_LEFT_OUT);
            tracing::warn!(
                turns = self.to_leave_out,
                "Hatchet's rate limit was reached"
            );
        } else {
            self.refusals = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_too_many_turns_are_left_out_until_it_is_well_again() {
        let mut rate_limit = RateLimit::default();
        let mut left_out = Vec::new();
        for _ in 0..6 {
            rate_limit.heard(true);
            let mut turns = 0;
            while rate_limit.left_out() {
                turns += 1;
            }
            left_out.push(turns);
        }
        assert_eq!(left_out, [1, 3, 7, 15, 15, 15]);
        rate_limit.heard(false);
        assert!(!rate_limit.left_out());
        rate_limit.heard(true);
        assert!(rate_limit.left_out());
        assert!(!rate_limit.left_out());
    }
}
