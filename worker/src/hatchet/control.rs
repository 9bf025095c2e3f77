//! What Hatchet is told of the worker: that it is paused, its labels, and that it leaves.

use std::time::Duration;

use tokio::time::Instant;
use valet_protocol::Config;
use valet_protocol::local_api::State;

use super::dispatcher::Dispatcher;
use super::labels::{self, Labels};
use super::rest::Rest;
use crate::backoff::Backoff;
use crate::host::Host;
use crate::state::{Drain, HostState};

/// Between two calls for labels alone. The scheduler reads them every five seconds.
const LABELS_APART: Duration = Duration::from_secs(1);

/// Pauses between restarts; once the host leaves, the shorter ones.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);
const LONGEST_LEAVING: Duration = Duration::from_secs(1);

/// What Hatchet has been told.
#[derive(Debug, Default)]
struct Told {
    worker: String,
    labels: Labels,
    leaving: bool,
}

/// What Hatchet has to be told.
#[derive(Debug, PartialEq)]
struct Due {
    worker: String,
    pause: Option<bool>,
    labels: Option<Labels>,
    unsubscribe: bool,
    /// Whether the host takes no more tasks.
    leaving: bool,
    /// Whether it cannot wait for the next time that labels may be sent.
    urgent: bool,
}

/// Compares the state with what Hatchet was told, and sends the difference.
pub async fn run(host: &Host, rest: &Rest, dispatcher: &Dispatcher) {
    let mut told = Told::default();
    let mut backoff = Backoff::new(FIRST, LONGEST);
    let mut backoff_leaving = Backoff::new(FIRST, LONGEST_LEAVING);
    let mut next = Next::default();
    loop {
        let due = wait(host, &told, &next).await;
        let worker = due.worker.clone();
        match tell(host, rest, dispatcher, &due, &mut told).await {
            Ok(()) => {
                if backoff.failures() + backoff_leaving.failures() > 0 {
                    tracing::info!(worker, "Hatchet accepts worker updates again");
                }
                backoff.reset();
                backoff_leaving.reset();
                next = Next {
                    labels: Instant::now() + LABELS_APART,
                    ..Next::default()
                };
            }
            Err(reason) => {
                if backoff.failures() + backoff_leaving.failures() == 0 {
                    tracing::warn!(
                        worker,
                        reason,
                        "updating the worker in Hatchet failed; retrying"
                    );
                }
                let retry = if due.leaving {
                    &mut backoff_leaving
                } else {
                    &mut backoff
                };
                // Full jitter may say "at once": not more often than this.
                next.retry = Instant::now() + retry.pause().max(FIRST / 4);
                next.failed_leaving = due.leaving;
            }
        }
    }
}

/// When Hatchet may be told next.
#[derive(Clone, Copy, Debug)]
struct Next {
    labels: Instant,
    retry: Instant,
    /// Whether what is tried again is about leaving; if not, leaving does not wait for it.
    failed_leaving: bool,
}

impl Default for Next {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            labels: now,
            retry: now,
            failed_leaving: false,
        }
    }
}

impl Next {
    fn time(&self, due: &Due) -> Instant {
        let labels = if due.urgent {
            Instant::now()
        } else {
            self.labels
        };
        if due.leaving && !self.failed_leaving {
            labels
        } else {
            labels.max(self.retry)
        }
    }
}

/// Waits until something is due, and its time has come.
async fn wait(host: &Host, told: &Told, next: &Next) -> Due {
    let mut current = host.subscribe();
    loop {
        let due = {
            let current = current.borrow_and_update();
            due(&current, &host.config, told)
        };
        match due {
            Some(due) if next.time(&due) <= Instant::now() => return due,
            Some(due) => tokio::select! {
                () = tokio::time::sleep_until(next.time(&due)) => {}
                _ = current.changed() => {}
            },
            None => {
                // An error means that the host is gone, and we hold it.
                let _ = current.changed().await;
            }
        }
    }
}

fn due(current: &HostState, config: &Config, told: &Told) -> Option<Due> {
    let leaving = current.drain.is_some()
        || matches!(
            current.state,
            State::Draining | State::Unhealthy | State::Stopped
        );
    let Some(registration) = &current.runtime.registration else {
        return departure(current, told);
    };
    let worker = registration.worker_id.clone();
    let is_paused = current.hatchet.paused.as_ref() == Some(&worker);
    let pause = (leaving != is_paused).then_some(leaving);
    let wished = labels::of(config, current);
    let stranger = told.worker != worker;
    let labels = (stranger || told.labels != wished).then_some(wished);
    if pause.is_none() && labels.is_none() {
        return None;
    }
    Some(Due {
        unsubscribe: false,
        leaving,
        urgent: pause.is_some() || stranger || leaving != told.leaving,
        worker,
        pause,
        labels,
    })
}

/// The worker leaves Hatchet once the drain has stopped the runtime, and not before: the engine gives
/// its tasks away then.
fn departure(current: &HostState, told: &Told) -> Option<Due> {
    let finished = current.drain.as_ref().is_some_and(Drain::finished);
    let worker = Some(&told.worker)
        .filter(|worker| !worker.is_empty())
        .or(current.hatchet.paused.as_ref())?;
    let gone = current.hatchet.unsubscribed.as_ref() == Some(worker);
    (finished && !gone).then(|| Due {
        worker: worker.clone(),
        pause: None,
        labels: None,
        unsubscribe: true,
        leaving: true,
        urgent: true,
    })
}

/// Tells Hatchet, pause and labels at the same time. What has been told is noted at once, also when
/// the other fails.
async fn tell(
    host: &Host,
    rest: &Rest,
    dispatcher: &Dispatcher,
    due: &Due,
    told: &mut Told,
) -> Result<(), String> {
    if due.unsubscribe {
        dispatcher.unsubscribe(&due.worker).await?;
        tracing::info!(worker = due.worker, "worker unsubscribed from Hatchet");
        host.update(|current| {
            current.hatchet.unsubscribed = Some(due.worker.clone());
            true
        });
        return Ok(());
    }
    let pause = async {
        let Some(paused) = due.pause else {
            return Ok(());
        };
        rest.pause(&due.worker, paused)
            .await
            .map_err(|fault| fault.words().to_owned())?;
        tracing::info!(
            worker = due.worker,
            paused,
            "worker pause changed in Hatchet"
        );
        host.update(|current| {
            current.hatchet.paused = paused.then(|| due.worker.clone());
            true
        });
        Ok(())
    };
    let label = async {
        let Some(labels) = &due.labels else {
            return Ok(());
        };
        dispatcher.label(&due.worker, labels).await?;
        told.worker = due.worker.clone();
        told.labels = labels.clone();
        Ok(())
    };
    let (paused, labelled): (Result<(), String>, Result<(), String>) = tokio::join!(pause, label);
    if paused.is_ok() {
        told.leaving = due.leaving;
    }
    paused.and(labelled)
}

#[cfg(test)]
#[path = "control_tests.rs"]
mod tests;
