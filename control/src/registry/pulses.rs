//! Heartbeats that say nothing new. They are answered from memory and written together, four times a second: one
//! statement for thousands of hosts. A replica that is killed loses 250 ms of them, which makes no host look silent.
//!
//! A host is in memory only while whatever concerns it would be heard: orders and enrolments are announced by the
//! database, and without that connection every heartbeat goes to the database.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_postgres::AsyncMessage;
use valet_protocol::heartbeat_v2::Heartbeat;

use crate::database::Database;
use crate::problem::Problem;

/// How often what was heard is written.
const FLUSH_INTERVAL: Duration = Duration::from_millis(250);
/// How long a host stays in memory without a look at the database.
const MAX_AGE: Duration = Duration::from_mins(5);
/// How often the connection is probed that announces what changed, and how long a probe may take.
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
/// The channel on which the database announces the hosts that something concerns.
pub const CHANNEL: &str = "hosts";

/// What is known of each host in memory.
#[derive(Clone, Debug, Default)]
pub struct Pulses {
    state: Arc<Mutex<State>>,
    announcements: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether announcements are heard.
    is_listening: bool,
    /// Grows with each announcement.
    generation: u64,
    /// By the token's hash.
    hosts: BTreeMap<Vec<u8>, Remembered>,
    /// The token's hash by instance.
    tokens: BTreeMap<String, Vec<u8>>,
    /// What is to be written, by instance.
    heard: BTreeMap<String, Pulse>,
}

#[derive(Debug)]
struct Remembered {
    instance: String,
    last: Heartbeat,
    at: Instant,
}

#[derive(Debug)]
struct Pulse {
    boot: String,
    seq: i64,
    at: Instant,
}

impl Pulses {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of announcements so far; nothing while none are heard.
    #[must_use]
    pub fn generation(&self) -> Option<u64> {
        let state = self.lock();
        state.is_listening.then_some(state.generation)
    }

    /// Takes a heartbeat that says nothing new, and asks for nothing. `false`: the database has to be asked.
    #[must_use]
    pub fn take(&self, token: &[u8], heartbeat: &Heartbeat) -> bool {
        let mut state = self.lock();
        if !state.is_listening {
            return false;
        }
        let Some(host) = state.hosts.get_mut(token) else {
            return false;
        };
        if host.at.elapsed() > MAX_AGE || !is_plain(&host.last, heartbeat) {
            return false;
        }
        host.last.seq = heartbeat.seq;
        let instance = host.instance.clone();
        let pulse = Pulse {
            boot: heartbeat.boot_id.clone(),
            seq: heartbeat.seq as i64,
            at: Instant::now(),
        };
        state.heard.insert(instance, pulse);
        true
    }

    /// Remembers a host for which no order stands, as it was at this generation.
    pub fn remember(&self, generation: u64, token: Vec<u8>, instance: &str, heartbeat: &Heartbeat) {
        let mut state = self.lock();
        // Something was announced since the database was asked: it may concern this host.
        if !state.is_listening || state.generation != generation {
            return;
        }
        let mut last = heartbeat.clone();
        last.ended.clear();
        last.orders.clear();
        state.forget(instance);
        state.tokens.insert(instance.to_owned(), token.clone());
        let host = Remembered {
            instance: instance.to_owned(),
            last,
            at: Instant::now(),
        };
        state.hosts.insert(token, host);
    }

    /// How many hosts are in memory.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.lock().hosts.len()
    }

    fn announced(&self, instance: &str) {
        let mut state = self.lock();
        state.generation += 1;
        state.forget(instance);
        drop(state);
        self.announcements.notify_waiters();
    }

    /// Wakes whoever waits for it with each announcement.
    #[must_use]
    pub fn announcements(&self) -> Arc<Notify> {
        self.announcements.clone()
    }

    fn set_listening(&self, is_listening: bool) {
        let mut state = self.lock();
        state.is_listening = is_listening;
        state.generation += 1;
        state.hosts.clear();
        state.tokens.clear();
    }

    /// Writes what was heard.
    ///
    /// # Errors
    ///
    /// When the database does not answer. It is tried again with the next.
    pub async fn flush(&self, database: &Database) -> Result<usize, Problem> {
        let heard = std::mem::take(&mut self.lock().heard);
        if heard.is_empty() {
            return Ok(0);
        }
        let result = write(database, &heard).await;
        if result.is_err() {
            let mut state = self.lock();
            for (instance, pulse) in heard {
                state.heard.entry(instance).or_insert(pulse);
            }
        }
        result
    }

    /// Writes what is heard as long as the server runs.
    pub async fn keep_flushing(self, database: Database) {
        loop {
            tokio::time::sleep(FLUSH_INTERVAL).await;
            if let Err(problem) = self.flush(&database).await {
                tracing::warn!(%problem, "heartbeats are kept in memory");
            }
        }
    }

    /// Listens to announcements as long as the server runs.
    pub async fn keep_listening(self, database: Database) {
        loop {
            if let Err(error) = self.listen(&database).await {
                tracing::warn!(
                    error,
                    "the database announces nothing; every heartbeat goes to it"
                );
            }
            self.set_listening(false);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn listen(&self, database: &Database) -> Result<(), String> {
        let pulses = self.clone();
        let hear = move |message: AsyncMessage| {
            if let AsyncMessage::Notification(notification) = message {
                pulses.announced(notification.payload());
            }
        };
        let client = database
            .listener(hear)
            .await
            .map_err(|error| error.to_string())?;
        client
            .batch_execute(&format!("LISTEN {CHANNEL}"))
            .await
            .map_err(|error| error.to_string())?;
        self.set_listening(true);
        loop {
            tokio::time::sleep(PROBE_INTERVAL).await;
            tokio::time::timeout(PROBE_INTERVAL, client.batch_execute("SELECT 1"))
                .await
                .map_err(|_| "the connection is silent".to_owned())?
                .map_err(|error| error.to_string())?;
        }
    }
}

impl State {
    fn forget(&mut self, instance: &str) {
        if let Some(token) = self.tokens.remove(instance) {
            self.hosts.remove(&token);
        }
    }
}

/// Whether a heartbeat says nothing but that the host lives.
fn is_plain(last: &Heartbeat, heartbeat: &Heartbeat) -> bool {
    let mut expected = last.clone();
    expected.seq = heartbeat.seq;
    heartbeat.seq > last.seq && expected == *heartbeat
}

async fn write(database: &Database, heard: &BTreeMap<String, Pulse>) -> Result<usize, Problem> {
    let instances: Vec<&str> = heard.keys().map(String::as_str).collect();
    let boots: Vec<&str> = heard.values().map(|pulse| pulse.boot.as_str()).collect();
    let numbers: Vec<i64> = heard.values().map(|pulse| pulse.seq).collect();
    let ages: Vec<f64> = heard
        .values()
        .map(|pulse| pulse.at.elapsed().as_secs_f64())
        .collect();
    let client = database.client().await?;
    let statement = client
        .prepare_cached(
            "UPDATE pulse SET seq = heard.seq, seen_at = now() - make_interval(secs => heard.age)
             FROM unnest($1::text[], $2::text[], $3::bigint[], $4::float8[]) AS heard (instance_id, boot_id, seq, age)
             WHERE pulse.instance_id = heard.instance_id AND pulse.boot_id = heard.boot_id AND pulse.seq < heard.seq",
        )
        .await?;
    let rows = client
        .execute(&statement, &[&instances, &boots, &numbers, &ages])
        .await?;
    Ok(rows as usize)
}
