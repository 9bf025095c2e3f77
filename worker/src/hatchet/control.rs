//! What Hatchet is sent of the worker: that it is paused, its labels, and that it leaves.

use std::time::Duration;

use tokio::time::Instant;
use valet_protocol::Config;

use super::dispatcher::{Dispatcher, DispatcherError};
use super::labels::{self, Labels};
use super::rest::{Rest, RestError};
use crate::backoff::Backoff;
use crate::host::{Host, HostFor};
use crate::state::part::Hatchet;
use crate::state::{DrainState, HostState};

/// Between two calls for labels alone. The scheduler reads them every five seconds.
const LABELS_APART: Duration = Duration::from_secs(1);

/// Pauses between restarts; once the host leaves, the shorter ones.
const FIRST: Duration = Duration::from_millis(200);
const MAX_PAUSE: Duration = Duration::from_secs(30);
const MAX_PAUSE_LEAVING: Duration = Duration::from_secs(1);

/// What Hatchet has been sent.
#[derive(Debug, Default)]
struct Sent {
    worker: String,
    labels: Labels,
    leaving: bool,
}

/// What Hatchet has to be sent.
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

/// Why Hatchet did not take something.
#[derive(Debug, thiserror::Error)]
enum UpdateError {
    #[error("{}", .0.message())]
    Rest(RestError),
    #[error(transparent)]
    Dispatcher(#[from] DispatcherError),
}

/// Compares the state with what Hatchet was sent, and sends the difference.
pub async fn run(host: &HostFor<Hatchet>, rest: &Rest, dispatcher: &Dispatcher) {
    let mut sent = Sent::default();
    let mut backoff = Backoff::new(FIRST, MAX_PAUSE);
    let mut backoff_leaving = Backoff::new(FIRST, MAX_PAUSE_LEAVING);
    let mut next = Next::default();
    loop {
        let due = wait(host, &sent, &next).await;
        let worker = due.worker.clone();
        match send(host, rest, dispatcher, &due, &mut sent).await {
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
                        %reason,
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

/// When Hatchet may be sent next.
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
async fn wait(host: &Host, sent: &Sent, next: &Next) -> Due {
    let mut current = host.subscribe();
    loop {
        let due = {
            let current = current.borrow_and_update();
            due(&current, &host.config, sent)
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

fn due(current: &HostState, config: &Config, sent: &Sent) -> Option<Due> {
    // Paused whenever leases are refused: a task that is sent here all the same would only spend
    // one of its retries.
    let leaving = !current.accepts_tasks();
    let Some(registration) = &current.runtime.registration else {
        return departure(current, sent);
    };
    let worker = registration.worker_id.clone();
    let is_paused = current.hatchet.paused.as_ref() == Some(&worker);
    let pause = (leaving != is_paused).then_some(leaving);
    let wished = labels::of(config, current);
    let stranger = sent.worker != worker;
    let labels = (stranger || sent.labels != wished).then_some(wished);
    if pause.is_none() && labels.is_none() {
        return None;
    }
    Some(Due {
        unsubscribe: false,
        leaving,
        urgent: pause.is_some() || stranger || leaving != sent.leaving,
        worker,
        pause,
        labels,
    })
}

/// The worker leaves Hatchet once the drain has stopped the runtime, and not before: the engine gives
/// its tasks away then.
fn departure(current: &HostState, sent: &Sent) -> Option<Due> {
    let finished = current.drain.as_ref().is_some_and(DrainState::finished);
    let worker = Some(&sent.worker)
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

/// Tells Hatchet, pause and labels at the same time. What has been sent is noted at once, also when
/// the other fails.
async fn send(
    host: &HostFor<Hatchet>,
    rest: &Rest,
    dispatcher: &Dispatcher,
    due: &Due,
    sent: &mut Sent,
) -> Result<(), UpdateError> {
    if due.unsubscribe {
        dispatcher.unsubscribe(&due.worker).await?;
        tracing::info!(worker = due.worker, "worker unsubscribed from Hatchet");
        host.update(|current| {
            current.hatchet_mut().unsubscribed = Some(due.worker.clone());
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
            .map_err(UpdateError::Rest)?;
        tracing::info!(
            worker = due.worker,
            paused,
            "worker pause changed in Hatchet"
        );
        host.update(|current| {
            current.hatchet_mut().paused = paused.then(|| due.worker.clone());
            true
        });
        Ok(())
    };
    let label = async {
        let Some(labels) = &due.labels else {
            return Ok(());
        };
        dispatcher.label(&due.worker, labels).await?;
        sent.worker = due.worker.clone();
        sent.labels = labels.clone();
        Ok(())
    };
    let (paused, labelled): (Result<(), UpdateError>, Result<(), UpdateError>) =
        tokio::join!(pause, label);
    if paused.is_ok() {
        sent.leaving = due.leaving;
    }
    paused.and(labelled)
}

#[cfg(test)]
#[path = "control_tests.rs"]
mod tests;
