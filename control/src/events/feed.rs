//! The events of one replica: read once for everybody who is told there, and only while somebody is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex as AsyncMutex, Notify, broadcast, watch};

use super::rows::event_of;
use super::store;
use super::subscription::Subscription;
use super::{Cursor, FleetEvent};
use crate::control::Control;
use crate::problem::{Problem, ProblemKind};

/// The most streams of a replica. A page without one is read again by hand.
const MAX_STREAMS: usize = 512;
/// The most streams of one token or login: a person has some tabs open.
const MAX_STREAMS_OF_ONE: usize = 32;
/// Events that wait for a slow reader. Whoever is further behind is told so and reads the lists again.
const MAX_WAITING: usize = 1024;
/// How often the database is asked, unless something else is said. Orders are announced and come at once.
const INTERVAL: Duration = Duration::from_millis(500);
/// How often it is asked for states that no host has said.
const STATES_INTERVAL: Duration = Duration::from_secs(5);

/// Tells what happens.
#[derive(Clone)]
pub struct EventFeed(Arc<Shared>);

struct Shared {
    /// How often the database is asked.
    interval: Duration,
    told: broadcast::Sender<Arc<FleetEvent>>,
    /// How far was read; nothing while nobody is told.
    position: AsyncMutex<Option<Cursor>>,
    /// Whose streams there are.
    streams: Mutex<BTreeMap<Vec<u8>, usize>>,
    /// Whether the server stops.
    stopping: watch::Sender<bool>,
}

impl Default for EventFeed {
    fn default() -> Self {
        Self::new(INTERVAL)
    }
}

impl EventFeed {
    /// Asks the database so often, and whenever something is announced.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self(Arc::new(Shared {
            interval,
            told: broadcast::Sender::new(MAX_WAITING),
            position: AsyncMutex::new(None),
            streams: Mutex::default(),
            stopping: watch::Sender::new(false),
        }))
    }
}

/// Somebody's place among the streams. It is free again when this is dropped.
pub struct Watcher {
    feed: EventFeed,
    key: Vec<u8>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut streams = self.feed.streams();
        if let Some(count) = streams.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                streams.remove(&self.key);
            }
        }
    }
}

impl EventFeed {
    fn streams(&self) -> std::sync::MutexGuard<'_, BTreeMap<Vec<u8>, usize>> {
        self.0
            .streams
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a stream of whoever has this key.
    ///
    /// # Errors
    ///
    /// When this replica, or whoever it is, has as many streams as it may.
    pub fn enter(&self, key: Vec<u8>) -> Result<Watcher, Problem> {
        let mut streams = self.streams();
        let all: usize = streams.values().sum();
        let own = streams.get(&key).copied().unwrap_or_default();
        if all >= MAX_STREAMS || own >= MAX_STREAMS_OF_ONE {
            let detail = format!(
                "a token has {MAX_STREAMS_OF_ONE} streams at the most, a replica {MAX_STREAMS}"
            );
            return Err(Problem::new(ProblemKind::TooManyStreams, detail));
        }
        streams.insert(key.clone(), own + 1);
        Ok(Watcher {
            feed: self.clone(),
            key,
        })
    }

    /// Tells of everything that happens from now on.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn subscribe(&self, control: &Control) -> Result<Subscription, Problem> {
        // In this order: what is told after the position was read is received.
        let told = self.0.told.subscribe();
        let mut position = self.0.position.lock().await;
        let cursor = match *position {
            Some(cursor) => cursor,
            None => {
                let cursor = store::now(&control.database).await?;
                *position = Some(cursor);
                tokio::spawn(keep_telling(self.clone(), control.clone()));
                cursor
            }
        };
        Ok(Subscription::new(told, cursor, self.0.stopping.subscribe()))
    }

    /// Ends every stream: the server stops.
    pub fn stop(&self) {
        self.0.stopping.send_replace(true);
    }

    /// Reads what has happened since, and tells it. Whether there may be more.
    async fn tell(&self, control: &Control) -> Result<bool, Problem> {
        let mut position = self.0.position.lock().await;
        let Some(cursor) = *position else {
            return Ok(false);
        };
        let (rows, last) = store::after(&control.database, cursor).await?;
        for event in rows.iter().filter_map(event_of) {
            // Nobody may be there any more.
            let _ = self.0.told.send(Arc::new(event));
        }
        *position = Some(last);
        Ok(rows.len() == store::MAX_ROWS)
    }

    /// Whether nobody is told any more. The next one begins anew.
    async fn is_over(&self) -> bool {
        let mut position = self.0.position.lock().await;
        let is_over = self.0.told.receiver_count() == 0;
        if is_over {
            *position = None;
        }
        is_over
    }
}

/// Tells what happens for as long as somebody is told.
async fn keep_telling(feed: EventFeed, control: Control) {
    let announced: Arc<Notify> = control.pulses.announcements();
    let mut states: Option<Instant> = None;
    while !feed.is_over().await {
        let next = announced.notified();
        if states.is_none_or(|last| last.elapsed() >= STATES_INTERVAL) {
            states = Some(Instant::now());
            if let Err(problem) = store::tell_states(&control.database).await {
                tracing::warn!(%problem, "states that changed by silence are not told");
            }
        }
        match feed.tell(&control).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(problem) => tracing::warn!(%problem, "events wait"),
        }
        tokio::select! {
            () = next => {}
            () = tokio::time::sleep(feed.0.interval) => {}
        }
    }
}
