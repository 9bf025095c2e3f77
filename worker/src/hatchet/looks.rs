//! What Hatchet is asked: how the worker is, and how many tasks wait.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::fleet::Fleet;
use super::rest::{Fault, Rest, Worker};
use super::share::{APART, Place};
use crate::host::Host;
use crate::identity::Identity;
use crate::state::Connection;

/// Turns left out after Hatchet has said "too many": one, then three, and so on up to this.
const MOST_LEFT_OUT: u32 = 15;

/// Asks in this agent's turns, and once about each new worker when it registers.
pub async fn run(host: &Host, rest: &Rest) {
    host.until(|facts| facts.identity.is_some()).await;
    let Some(identity) = host.look(|facts| facts.identity.clone()) else {
        return;
    };
    tokio::join!(turns(host, rest, &identity), newcomers(host, rest));
}

async fn turns(host: &Host, rest: &Rest, identity: &Arc<Identity>) {
    let interval = host.config.metrics.interval_seconds.duration();
    let mut fleet = Fleet::default();
    let mut manners = Manners::default();
    loop {
        let place = fleet.place(host, identity).await;
        tokio::time::sleep(place.until_turn(since_1970(), interval)).await;
        if manners.left_out() {
            continue;
        }
        let too_many = turn(host, rest, place, interval).await;
        manners.heard(too_many);
    }
}

fn since_1970() -> Duration {
    Duration::try_from(Timestamp::now().as_duration()).unwrap_or_default()
}

/// One turn. Answers whether Hatchet has said "too many".
async fn turn(host: &Host, rest: &Rest, place: Place, interval: Duration) -> bool {
    let mut too_many = false;
    let worker = host.look(|facts| {
        let registration = facts.runtime.registration.as_ref();
        registration.map(|registration| registration.worker_id.clone())
    });
    if let Some(worker) = worker {
        let answer = rest.worker(&worker).await;
        too_many |= matches!(answer, Err(Fault::TooMany));
        note(host, &worker, &answer);
    }
    if host.config.hatchet.tasks.is_empty() || too_many {
        return too_many;
    }
    tokio::time::sleep(APART.min(place.cycle(interval) / 2)).await;
    match rest.queue(&host.config.hatchet.tasks).await {
        Ok(queue) => host.change(|facts| {
            facts.queue = Some(queue);
            true
        }),
        Err(fault) => {
            too_many |= fault == Fault::TooMany;
            tracing::warn!(reason = fault.words(), "the queue's length is not known");
        }
    }
    too_many
}

/// A worker that has just registered is looked at without waiting for a turn: otherwise nothing would
/// be known of it for a whole cycle. One that is found paused was paused by an agent that did not live
/// to take it back, and is let go on if this host works.
async fn newcomers(host: &Host, rest: &Rest) {
    let mut known = None;
    loop {
        host.until(|facts| id(facts) != known).await;
        known = host.look(id);
        // Nothing is known of a new worker, nor of none.
        host.change(|facts| {
            facts.hatchet.connection = Connection::Unknown;
            facts.hatchet.detail.clear();
            true
        });
        let Some(worker) = &known else { continue };
        let answer = rest.worker(worker).await;
        if answer.as_ref().is_ok_and(|seen| seen.paused) {
            host.change(|facts| {
                facts.hatchet.paused = Some(worker.clone());
                true
            });
        }
        note(host, worker, &answer);
    }
}

fn id(facts: &crate::state::Facts) -> Option<String> {
    let registration = facts.runtime.registration.as_ref();
    registration.map(|registration| registration.worker_id.clone())
}

/// Writes down what was seen of a worker, if it is still the one that is registered.
fn note(host: &Host, worker: &str, answer: &Result<Worker, Fault>) {
    let (connection, detail) = match answer {
        Ok(seen) if seen.connected => (Connection::Connected, ""),
        Ok(_) => (
            Connection::Disconnected,
            "Hatchet has not heard of the worker lately",
        ),
        // It says nothing of the worker.
        Err(Fault::TooMany) => return,
        Err(fault) => (Connection::Disconnected, fault.words()),
    };
    let mut changed = false;
    host.change(|facts| {
        if id(facts).as_deref() != Some(worker) {
            return false;
        }
        changed = facts.hatchet.connection != connection || facts.hatchet.detail != detail;
        facts.hatchet.connection = connection;
        facts.hatchet.detail = detail.to_owned();
        changed
    });
    if changed {
        let connection = connection.word();
        tracing::info!(worker, connection, detail, "Hatchet's view of the worker");
    }
}

/// Asks less often after "too many", and as often as before once Hatchet answers.
#[derive(Debug, Default)]
struct Manners {
    refusals: u32,
    to_leave_out: u32,
}

impl Manners {
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
            tracing::warn!(turns = self.to_leave_out, "Hatchet was asked too often");
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
        let mut manners = Manners::default();
        let mut left_out = Vec::new();
        for _ in 0..6 {
            manners.heard(true);
            let mut turns = 0;
            while manners.left_out() {
                turns += 1;
            }
            left_out.push(turns);
        }
        assert_eq!(left_out, [1, 3, 7, 15, 15, 15]);
        manners.heard(false);
        assert!(!manners.left_out());
        manners.heard(true);
        assert!(manners.left_out());
        assert!(!manners.left_out());
    }
}
