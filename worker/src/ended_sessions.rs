//! Sessions that have ended and that the control plane has not acknowledged.
//!
//! The local API puts them in, the heartbeats send them until the server has them. They are kept over a
//! restart of the agent.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use valet_protocol::Config;
use valet_protocol::heartbeat_v2::EndedSession;

use crate::persist;

/// The most that wait. A server that speaks version 1 acknowledges none.
const MAX_WAITING: usize = 500;

/// The queue.
#[derive(Debug, Default)]
pub struct EndedSessions(Mutex<VecDeque<EndedSession>>);

impl EndedSessions {
    /// What an earlier process of the agent left.
    #[must_use]
    pub fn restored(config: &Config) -> Self {
        let saved: Option<VecDeque<EndedSession>> = persist::read(config, persist::ENDED_SESSIONS);
        let mut saved = saved.unwrap_or_default();
        saved.truncate(MAX_WAITING);
        Self(Mutex::new(saved))
    }

    /// Adds sessions. Where there is no room, the oldest go. Without an API nobody would ever take them.
    pub fn record(&self, config: &Config, ended: Vec<EndedSession>) {
        if config.heartbeat.url.is_none() || ended.is_empty() {
            return;
        }
        let mut waiting = self.lock();
        waiting.extend(ended);
        let over = waiting.len().saturating_sub(MAX_WAITING);
        waiting.drain(..over);
        persist::write(config, persist::ENDED_SESSIONS, &*waiting);
    }

    /// A session goes on after all: its runtime came back for the lease.
    pub fn take_back(&self, config: &Config, id: &str) {
        self.remove(config, |ended| ended.id == id);
    }

    /// The oldest, at most this many.
    #[must_use]
    pub fn oldest(&self, most: usize) -> Vec<EndedSession> {
        self.lock().iter().take(most).cloned().collect()
    }

    /// The server has these.
    pub fn acknowledge(&self, config: &Config, ids: &[String]) {
        let ids: BTreeSet<&String> = ids.iter().collect();
        self.remove(config, |ended| ids.contains(&ended.id));
    }

    fn remove(&self, config: &Config, which: impl Fn(&EndedSession) -> bool) {
        let mut waiting = self.lock();
        let before = waiting.len();
        waiting.retain(|ended| !which(ended));
        if waiting.len() < before {
            persist::write(config, persist::ENDED_SESSIONS, &*waiting);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<EndedSession>> {
        // Nothing that is held here is left half changed by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use valet_protocol::heartbeat_v2::SessionOutcome;

    use super::*;
    use crate::testing;

    fn ended(id: usize) -> EndedSession {
        EndedSession {
            id: id.to_string(),
            task: None,
            started_at: Timestamp::UNIX_EPOCH,
            ended_at: Timestamp::UNIX_EPOCH,
            outcome: SessionOutcome::Finished,
        }
    }

    #[test]
    fn they_wait_over_a_restart_until_they_are_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let config = testing::config(folder.path());
        let sessions = EndedSessions::restored(&config);
        sessions.record(&config, (0..3).map(ended).collect());
        let sessions = EndedSessions::restored(&config);
        assert_eq!(sessions.oldest(2), [ended(0), ended(1)]);
        sessions.acknowledge(&config, &["0".to_owned(), "7".to_owned()]);
        sessions.take_back(&config, "2");
        assert_eq!(EndedSessions::restored(&config).oldest(9), [ended(1)]);
    }

    #[test]
    fn the_oldest_go_where_nobody_acknowledges() {
        let folder = tempfile::tempdir().unwrap();
        let config = testing::config(folder.path());
        let sessions = EndedSessions::restored(&config);
        sessions.record(&config, (0..600).map(ended).collect());
        assert_eq!(sessions.oldest(1), [ended(100)]);
    }
}
