//! What Hatchet is asked: how the worker is, and how many tasks wait.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::fleet::Fleet;
use super::refresh;
use super::rest::{Rest, RestError, Worker};
use super::silence::Silence;
use crate::host::Host;
use crate::identity::Identity;
use crate::state::{Connection, HostState};
use crate::text::one_line;

/// Looks at a worker that is disconnected that come sooner than usual, and how soon: the SDK sends a
/// heartbeat every 4 s, and Hatchet calls a worker inactive after 5 s without one.
const SOON_LOOKS: u32 = 6;
const SOON: Duration = Duration::from_secs(5);

/// Between two looks while tasks run: with a heartbeat's 4 s and a response's time below
/// [`UNHEARD`](crate::state::UNHEARD).
const BUSY: Duration = Duration::from_secs(15);

/// Turns left out after Hatchet has said "too many": one, then three, and so on up to this.
const MOST_LEFT_OUT: u32 = 15;

/// Reads the queue in this agent's turns, and its own worker when it registers and every minute.
pub async fn run(host: &Host, rest: &Rest) {
    host.wait_until(|current| current.identity.is_some()).await;
    let Some(identity) = host.read(|current| current.identity.clone()) else {
        return;
    };
    tokio::join!(
        turns(host, rest, &identity),
        own_worker(host, rest),
        refresh::run(host, rest, &identity),
    );
}

async fn turns(host: &Host, rest: &Rest, identity: &Arc<Identity>) {
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
async fn turn(host: &Host, rest: &Rest) -> bool {
    let mut too_many = false;
    if host.config.hatchet.tasks.is_empty() {
        return too_many;
    }
    match rest.queue(&host.config.hatchet.tasks).await {
        Ok(queue) => host.update(|current| {
            current.queue = Some(queue);
            true
        }),
        Err(fault) => {
            too_many |= fault == RestError::TooMany;
            tracing::warn!(reason = fault.message(), "the queue depth cannot be read");
        }
    }
    too_many
}

/// Looks at the own worker: when it registers, then every `metrics.interval_seconds`, and every 15 s while tasks run.
/// Hatchet limits the rate of `task-stats` alone, so this needs no turn. The first look may come before the
/// worker's first heartbeat: after a "disconnected" the next looks come sooner. A new worker that is
/// found paused when it is first heard of was paused by an agent that did not live to take it back, and is let go on if
/// this host works.
async fn own_worker(host: &Host, rest: &Rest) {
    let interval = host.config.metrics.interval_seconds.duration();
    let mut known = None;
    loop {
        tokio::select! {
            () = host.wait_until(|current| id(current) != known) => {}
            () = watch_worker(host, rest, known.as_deref(), interval) => {}
        }
        known = host.read(id);
        // Nothing is known of a new worker, nor of none.
        host.update(|current| {
            current.hatchet.connection = Connection::Unknown;
            current.hatchet.detail.clear();
            current.hatchet.given_up = None;
            current.hatchet.heard = current
                .runtime
                .registration
                .as_ref()
                .map(|_| Instant::now());
            true
        });
    }
}

/// Looks at a worker again and again. Never ends.
async fn watch_worker(host: &Host, rest: &Rest, worker: Option<&str>, interval: Duration) {
    let Some(worker) = worker else {
        return std::future::pending().await;
    };
    let mut soon = SOON_LOOKS;
    let mut is_heard_of = false;
    let mut silence = Silence::new();
    loop {
        let before = host.read(lease_ids);
        let answer = rest.worker(worker).await;
        let mut gave_away = false;
        if let Ok(seen) = &answer {
            let held = host.read(|current| held_throughout(&before, current));
            gave_away = silence.look(seen, held);
        }
        if let Ok(Worker {
            paused: Some(paused),
            ..
        }) = answer
            && !is_heard_of
        {
            is_heard_of = true;
            inherit_pause(host, worker, paused);
        }
        if matches!(&answer, Ok(seen) if seen.connected) {
            soon = SOON_LOOKS;
        }
        note(host, worker, &answer, gave_away);
        let (disconnected, gives_leases, is_busy) = host.read(|current| {
            let hatchet = &current.hatchet;
            let disconnected = hatchet.connection == Connection::Disconnected;
            (disconnected, hatchet.given_up.is_none(), current.leases > 0)
        });
        let again = disconnected && (soon > 0 || is_busy);
        if again || silence.is_due() || !gives_leases {
            soon -= u32::from(disconnected && soon > 0);
            tokio::time::sleep(SOON.min(interval)).await;
        } else {
            next_look(host, interval).await;
        }
    }
}

fn lease_ids(current: &HostState) -> BTreeSet<String> {
    current.running.keys().cloned().collect()
}

/// Leases that were held before a look and are held after it: Hatchet counted their tasks in between.
fn held_throughout(before: &BTreeSet<String>, current: &HostState) -> u32 {
    let held = before.iter().filter(|id| current.running.contains_key(*id));
    held.count() as u32
}

/// A pause that an agent before this one left behind.
fn inherit_pause(host: &Host, worker: &str, paused: bool) {
    host.update(|current| {
        let news = paused && current.hatchet.paused.as_deref() != Some(worker);
        if news {
            current.hatchet.paused = Some(worker.to_owned());
        }
        news
    });
}

/// Waits for the time of the next look. Hatchet gives tasks to others after 30 s of silence: while tasks run, the looks
/// are as close as it takes to notice that, and a host that was idle for longer looks as soon as a task begins.
async fn next_look(host: &Host, interval: Duration) {
    let looked = Instant::now();
    // A fleet that started together drifts apart.
    let pause = |interval: Duration| interval.mul_f64(0.9 + 0.2 * fastrand::f64());
    let busy = async {
        host.wait_until(|current| current.leases > 0).await;
        tokio::time::sleep_until(looked + pause(BUSY)).await;
    };
    tokio::select! {
        () = busy => {}
        () = tokio::time::sleep(pause(interval)) => {}
    }
}

fn id(current: &HostState) -> Option<String> {
    let registration = current.runtime.registration.as_ref();
    registration.map(|registration| registration.worker_id.clone())
}

/// Writes down what was seen of a worker, if it is still the one that is registered.
fn note(host: &Host, worker: &str, answer: &Result<Worker, RestError>, gave_away: bool) {
    let (connection, detail) = match answer {
        Ok(seen) if seen.connected => (Connection::Connected, ""),
        Ok(_) => (
            Connection::Disconnected,
            "Hatchet received no recent heartbeat from the worker",
        ),
        // It says nothing of the worker.
        Err(RestError::TooMany) => return,
        Err(fault) => (Connection::Disconnected, fault.message()),
    };
    let detail = &*one_line(detail);
    let mut changed = false;
    host.update(|current| {
        if id(current).as_deref() != Some(worker) {
            return false;
        }
        let given_up = match answer {
            Ok(_) if gave_away => Some(Instant::now()),
            Ok(seen) if seen.given_up => current.hatchet.given_up.or(Some(Instant::now())),
            Ok(seen) if seen.connected => None,
            _ => current.hatchet.given_up,
        };
        changed = current.hatchet.connection != connection
            || current.hatchet.detail != detail
            || current.hatchet.given_up != given_up;
        current.hatchet.connection = connection;
        current.hatchet.detail = detail.to_owned();
        current.hatchet.given_up = given_up;
        let was_unheard = current.hatchet.unheard().is_some();
        if let Some(heard) = answer.as_ref().ok().and_then(heard) {
            current.hatchet.heard = current.hatchet.heard.max(Some(heard));
        }
        changed || was_unheard != current.hatchet.unheard().is_some()
    });
    if changed {
        let connection = connection.as_str();
        tracing::info!(
            worker,
            connection,
            detail,
            "worker connection to Hatchet changed"
        );
    }
}

/// When Hatchet heard of a worker last, by this host's clock.
fn heard(seen: &Worker) -> Option<Instant> {
    let silent = Duration::try_from(seen.silent?.max(SignedDuration::ZERO)).ok()?;
    Instant::now().checked_sub(silent)
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

    #[tokio::test(start_paused = true)]
    async fn a_busy_host_looks_often_and_one_that_was_idle_as_soon_as_a_task_begins() {
        let config = crate::testing::config(std::path::Path::new("/nowhere"));
        let aws = crate::testing::aws("127.0.0.1:9".parse().unwrap());
        let (host, _orders) = Host::new(config, aws, crate::http_client::HttpClient::new());
        for (idle, expected) in [(40, 40..=40), (1, 13..=17), (90, 54..=66)] {
            host.update(|current| std::mem::take(&mut current.leases) > 0);
            let began = Instant::now();
            let task_begins = async {
                tokio::time::sleep(Duration::from_secs(idle)).await;
                host.update(|current| {
                    current.leases = 1;
                    true
                });
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = next_look(&host, Duration::from_mins(1)) => {}
                () = task_begins => {}
            }
            let waited = began.elapsed().as_secs();
            assert!(expected.contains(&waited), "{waited} s after {idle} idle");
        }
    }

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
