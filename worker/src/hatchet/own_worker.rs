//! How the own worker is in Hatchet's eyes.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::rest::{Rest, RestError, Worker};
use super::silence::Silence;
use crate::freeze::{Clock, boot_time};
use crate::host::{Host, HostFor};
use crate::persist;
use crate::state::part::Hatchet;
use crate::state::{Connection, HostState};
use crate::text::one_line;

/// Looks at a worker that is disconnected that come sooner than usual, and how soon: the SDK sends a
/// heartbeat every 4 s, and Hatchet calls a worker inactive after 5 s without one.
const SOON_LOOKS: u32 = 6;
const SOON: Duration = Duration::from_secs(5);

/// Between two looks while tasks run: with a heartbeat's 4 s and a response's time below
/// [`UNHEARD`](crate::state::UNHEARD).
const BUSY: Duration = Duration::from_secs(15);

/// Looks at the own worker: when it registers, then every `metrics.interval_seconds`, and every 15 s while tasks run.
/// Hatchet limits the rate of `task-stats` alone, so this needs no turn. The first look may come before the
/// worker's first heartbeat: after a "disconnected" the next looks come sooner. A new worker that is
/// found paused when it is first heard of was paused by an agent that did not live to take it back, and is let go on if
/// this host works.
pub async fn run(host: &HostFor<Hatchet>, rest: &Rest) {
    let interval = host.config.metrics.interval_seconds.duration();
    loop {
        let worker = host.read(id);
        let watch = begin(host, worker.as_deref(), boot_time);
        tokio::select! {
            () = host.wait_until(|current| id(current) != worker) => {}
            () = watch_worker(host, rest, watch, interval) => {}
        }
    }
}

/// Begins to look at this worker, of whose connection nothing is known yet. When Hatchet heard of it last, an agent before
/// this one may have written down: a cut may have begun under that one.
pub fn begin(host: &HostFor<Hatchet>, worker: Option<&str>, clock: Clock) -> Option<Watch> {
    let heard = worker.map(|worker| {
        let saved = persist::read::<SavedHeard>(&host.config, persist::HEARD);
        saved
            .filter(|saved| saved.worker == worker)
            .and_then(|saved| Instant::now().checked_sub(clock().saturating_sub(saved.at)))
            .unwrap_or_else(Instant::now)
    });
    host.update(|current| {
        let hatchet = current.hatchet_mut();
        hatchet.connection = Connection::Unknown;
        hatchet.detail.clear();
        hatchet.given_up = None;
        hatchet.is_suspected = false;
        hatchet.heard = heard;
        true
    });
    Some(Watch {
        worker: worker?.to_owned(),
        clock,
        soon: SOON_LOOKS,
        is_heard_of: false,
        silence: Silence::since(heard?),
    })
}

/// Looks at a worker again and again. Never ends.
async fn watch_worker(
    host: &HostFor<Hatchet>,
    rest: &Rest,
    watch: Option<Watch>,
    interval: Duration,
) {
    let Some(mut watch) = watch else {
        return std::future::pending().await;
    };
    loop {
        let before = host.read(lease_ids);
        let answer = rest.worker(&watch.worker).await;
        match watch.take(host, &before, &answer) {
            NextLook::Soon => tokio::time::sleep(SOON.min(interval)).await,
            NextLook::SoonIfBusy => next_look(host, interval, SOON).await,
            NextLook::Usual => next_look(host, interval, BUSY).await,
        }
    }
}

/// When Hatchet heard of a worker last, for the agent after this one.
#[derive(Debug, Deserialize, Serialize)]
struct SavedHeard {
    worker: String,
    /// Since the boot.
    at: Duration,
}

/// When the next look is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextLook {
    Soon,
    /// Soon if tasks run, else as usual.
    SoonIfBusy,
    Usual,
}

/// What the looks at one worker have shown so far.
#[derive(Debug)]
pub struct Watch {
    worker: String,
    clock: Clock,
    /// Looks at a disconnected worker that may still come sooner than usual.
    soon: u32,
    is_heard_of: bool,
    silence: Silence,
}

impl Watch {
    /// Takes a look's answer, with the leases that were held before it was asked for, and shows in the state what it says.
    pub fn take(
        &mut self,
        host: &HostFor<Hatchet>,
        before: &BTreeSet<String>,
        answer: &Result<Worker, RestError>,
    ) -> NextLook {
        let finding = self.finding(host, before, answer);
        if let Ok(Worker {
            paused: Some(paused),
            ..
        }) = answer
            && !self.is_heard_of
        {
            self.is_heard_of = true;
            inherit_pause(host, &self.worker, *paused);
        }
        if matches!(answer, Ok(seen) if seen.connected) {
            self.soon = SOON_LOOKS;
        }
        note(host, &self.worker, answer, finding);
        self.save(host, answer);
        let (disconnected, gives_leases, is_busy) = host.read(|current| {
            let hatchet = &current.hatchet;
            let disconnected = hatchet.connection == Connection::Disconnected;
            (disconnected, hatchet.given_up.is_none(), current.leases > 0)
        });
        let again = disconnected && (self.soon > 0 || is_busy);
        if again || !gives_leases {
            self.soon -= u32::from(disconnected && self.soon > 0);
            NextLook::Soon
        } else if self.silence.is_due() {
            NextLook::SoonIfBusy
        } else {
            NextLook::Usual
        }
    }

    fn save(&self, host: &Host, answer: &Result<Worker, RestError>) {
        let Ok(Worker {
            silent: Some(silent),
            ..
        }) = answer
        else {
            return;
        };
        let silent = Duration::try_from(*silent).unwrap_or_default();
        let saved = SavedHeard {
            worker: self.worker.clone(),
            at: (self.clock)().saturating_sub(silent),
        };
        persist::write(&host.config, persist::HEARD, &saved);
    }

    fn finding(
        &mut self,
        host: &Host,
        before: &BTreeSet<String>,
        answer: &Result<Worker, RestError>,
    ) -> Finding {
        let held = || host.read(|current| held_throughout(before, current));
        let gave_away = answer
            .as_ref()
            .is_ok_and(|seen| self.silence.look(seen, held()));
        Finding {
            gave_away,
            is_suspected: self.silence.is_suspected(),
        }
    }
}

/// The ids of the leases that are held.
#[must_use]
pub fn lease_ids(current: &HostState) -> BTreeSet<String> {
    current.running.keys().cloned().collect()
}

/// Leases that were held before a look and are held after it: Hatchet counted their tasks in between.
fn held_throughout(before: &BTreeSet<String>, current: &HostState) -> u32 {
    let held = before.iter().filter(|id| current.running.contains_key(*id));
    held.count() as u32
}

/// A pause that an agent before this one left behind.
fn inherit_pause(host: &HostFor<Hatchet>, worker: &str, paused: bool) {
    host.update(|current| {
        let news = paused && current.hatchet.paused.as_deref() != Some(worker);
        if news {
            current.hatchet_mut().paused = Some(worker.to_owned());
        }
        news
    });
}

/// Waits for the time of the next look: this interval after the last one, and while tasks run, the shorter one. Hatchet
/// gives tasks to others after 30 s of silence: the looks are as close as it takes to notice that, and a host that was idle
/// for longer looks as soon as a task begins.
async fn next_look(host: &Host, interval: Duration, while_busy: Duration) {
    let looked = Instant::now();
    // A fleet that started together drifts apart.
    let pause = |interval: Duration| interval.mul_f64(0.9 + 0.2 * fastrand::f64());
    let busy = async {
        host.wait_until(|current| current.leases > 0).await;
        tokio::time::sleep_until(looked + pause(while_busy.min(interval))).await;
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

/// What the looks after a possible silence have found.
#[derive(Clone, Copy)]
struct Finding {
    gave_away: bool,
    is_suspected: bool,
}

/// Writes down what was seen of a worker, if it is still the one that is registered.
fn note(
    host: &HostFor<Hatchet>,
    worker: &str,
    answer: &Result<Worker, RestError>,
    finding: Finding,
) {
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
        let hatchet = current.hatchet_mut();
        let given_up = match answer {
            Ok(_) if finding.gave_away => Some(Instant::now()),
            Ok(seen) if seen.given_up => hatchet.given_up.or(Some(Instant::now())),
            Ok(seen) if seen.connected => None,
            _ => hatchet.given_up,
        };
        changed = hatchet.connection != connection
            || hatchet.detail != detail
            || hatchet.given_up != given_up;
        let is_doubt_news = hatchet.is_suspected != finding.is_suspected;
        hatchet.is_suspected = finding.is_suspected;
        hatchet.connection = connection;
        hatchet.detail = detail.to_owned();
        hatchet.given_up = given_up;
        let was_unheard = hatchet.unheard().is_some();
        if let Some(heard) = answer.as_ref().ok().and_then(heard) {
            hatchet.heard = hatchet.heard.max(Some(heard));
        }
        changed || is_doubt_news || was_unheard != hatchet.unheard().is_some()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn clock() -> Duration {
        Duration::from_secs(1000)
    }

    #[tokio::test(start_paused = true)]
    async fn an_agent_that_is_restarted_knows_when_hatchet_heard_of_the_worker_last() {
        let folder = tempfile::tempdir().unwrap();
        let (host, _orders) = testing::host(testing::config(folder.path()));
        let host = HostFor::of(&host);
        let unheard = |worker: &str| {
            begin(&host, Some(worker), clock).expect("there is one");
            host.read(|current| current.hatchet.unheard())
        };
        assert_eq!(unheard("w-1"), None, "nothing is written down");
        let mut watch = begin(&host, Some("w-1"), clock).expect("there is one");
        let heard = |seconds| {
            Ok(Worker {
                silent: Some(SignedDuration::from_secs(seconds)),
                ..Worker::default()
            })
        };
        watch.take(&host, &BTreeSet::new(), &heard(27));
        watch.take(&host, &BTreeSet::new(), &Err(RestError::Unknown));
        assert_eq!(unheard("w-1"), Some(Duration::from_secs(27)));
        assert_eq!(unheard("w-2"), None, "another worker");
        watch.take(&host, &BTreeSet::new(), &heard(3));
        assert_eq!(unheard("w-1"), None);
        assert!(begin(&host, None, clock).is_none());
        assert_eq!(host.read(|current| current.hatchet.heard), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_host_looks_often_and_one_that_was_idle_as_soon_as_a_task_begins() {
        let (host, _orders) = testing::host(testing::config(std::path::Path::new("/nowhere")));
        for (idle, expected) in [(40, 40..=40), (1, 13..=17), (90, 54..=66)] {
            host.edit(|current| std::mem::take(&mut current.leases) > 0);
            let began = Instant::now();
            let task_begins = async {
                tokio::time::sleep(Duration::from_secs(idle)).await;
                host.edit(|current| {
                    current.leases = 1;
                    true
                });
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = next_look(&host, Duration::from_mins(1), BUSY) => {}
                () = task_begins => {}
            }
            let waited = began.elapsed().as_secs();
            assert!(expected.contains(&waited), "{waited} s after {idle} idle");
        }
    }
}
