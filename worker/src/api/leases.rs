//! The leases: one for each task that runs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use valet_protocol::local_api::Registration;

/// A connection, by its number.
pub type Connection = u64;

/// The leases that are out.
#[derive(Debug, Default)]
pub struct Leases {
    held: BTreeMap<String, Held>,
    /// Leases that ended because their connection closed, with their tasks, oldest first. The
    /// runtime may come back for them over another connection.
    lost: VecDeque<(String, Option<String>)>,
    /// Ids of leases that were revoked, oldest first: they are never given again.
    revoked: VecDeque<String>,
}

/// Lost leases, and revoked ones, that are remembered.
const MOST_LOST: usize = 1000;

#[derive(Debug)]
struct Held {
    /// Whose it is. Nobody's, when it was kept over a restart of the agent and the runtime has not
    /// come back for it yet.
    holder: Option<Connection>,
    task: Option<String>,
}

/// The most characters of a name that is only shown.
pub const MAX_TASK_NAME_CHARS: usize = 256;

/// What is saved over a restart of the agent.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct SavedLeases {
    pub registration: Option<Registration>,
    /// The tasks, by lease.
    pub leases: BTreeMap<String, Option<String>>,
    /// Leases that were revoked.
    #[serde(default)]
    pub revoked: Vec<String>,
}

impl SavedLeases {
    /// Without what no agent has ever written: the file may be damaged, and what it says decides
    /// whether a runtime is stopped.
    #[must_use]
    pub fn valid(self) -> Self {
        let is_id = |id: &String| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_task = |task: &Option<String>| {
            task.as_ref()
                .is_none_or(|task| task.chars().count() <= MAX_TASK_NAME_CHARS)
        };
        let registration = self
            .registration
            .filter(|registration| super::sessions::check(registration).is_ok());
        let most = super::sessions::MAX_SLOTS as usize;
        let before = self.leases.len();
        let leases: BTreeMap<String, Option<String>> = self
            .leases
            .into_iter()
            .filter(|(id, task)| is_id(id) && is_task(task))
            .take(most)
            .collect();
        if leases.len() < before {
            let dropped = before - leases.len();
            tracing::warn!(dropped, "saved leases are invalid; they are dropped");
        }
        let revoked = self.revoked.into_iter().filter(is_id).take(MOST_LOST);
        Self {
            registration,
            leases,
            revoked: revoked.collect(),
        }
    }
}

impl Leases {
    /// As they were kept, each waiting for its holder.
    #[must_use]
    pub fn restored(saved: BTreeMap<String, Option<String>>) -> Self {
        let held = saved
            .into_iter()
            .map(|(id, task)| (id, Held { holder: None, task }))
            .collect();
        Self {
            held,
            ..Self::default()
        }
    }

    /// To be kept.
    #[must_use]
    pub fn to_saved(&self) -> BTreeMap<String, Option<String>> {
        self.held
            .iter()
            .map(|(id, held)| (id.clone(), held.task.clone()))
            .collect()
    }

    /// How many are out, those without a holder among them.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.held.len() as u32
    }

    /// How many wait for their holder.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let waits = |held: &&Held| held.holder.is_none();
        self.held.values().filter(waits).count()
    }

    /// Gives one to a connection, if that leaves no more than `slots` out. Answers its id.
    pub fn take(&mut self, holder: Connection, task: Option<String>, slots: u32) -> Option<String> {
        if self.count() >= slots {
            return None;
        }
        let id = loop {
            let id = format!("{:016x}", fastrand::u64(..));
            if !self.held.contains_key(&id) {
                break id;
            }
        };
        let holder = Some(holder);
        self.held.insert(id.clone(), Held { holder, task });
        Some(id)
    }

    /// Hands a lease to another connection of the same runtime. Returns whether there is such a
    /// lease: one that nobody has released or revoked.
    pub fn move_to(&mut self, holder: Connection, id: &str) -> bool {
        let holder = Some(holder);
        if let Some(held) = self.held.get_mut(id) {
            held.holder = holder;
            return true;
        }
        let Some(place) = self.lost.iter().position(|(lost, _)| lost == id) else {
            return false;
        };
        if let Some((id, task)) = self.lost.remove(place) {
            self.held.insert(id, Held { holder, task });
        }
        true
    }

    /// Whether the lease is still the runtime's.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.held.contains_key(id)
    }

    /// Ends every lease for good. Returns the ids, those of lost leases among them.
    pub fn revoke_all(&mut self) -> Vec<String> {
        let held = std::mem::take(&mut self.held).into_keys();
        let lost = std::mem::take(&mut self.lost).into_iter().map(|(id, _)| id);
        let revoked: Vec<String> = held.chain(lost).collect();
        self.revoked.extend(revoked.iter().cloned());
        let over = self.revoked.len().saturating_sub(MOST_LOST);
        self.revoked.drain(..over);
        revoked
    }

    /// Whether a lease was revoked.
    #[must_use]
    pub fn is_revoked(&self, id: &str) -> bool {
        self.revoked.iter().any(|revoked| revoked == id)
    }

    /// The revoked leases, to be saved.
    #[must_use]
    pub fn revoked(&self) -> Vec<String> {
        self.revoked.iter().cloned().collect()
    }

    /// Adds leases that an earlier process of the agent revoked.
    pub fn add_revoked(&mut self, revoked: Vec<String>) {
        self.revoked.extend(revoked);
    }

    /// Takes one back. Answers whether it was out.
    pub fn give_back(&mut self, id: &str) -> bool {
        self.held.remove(id).is_some()
    }

    /// Takes back what a closed connection held. Answers the tasks that were left.
    pub fn closed(&mut self, connection: Connection) -> Vec<String> {
        self.end_where(|held| held.holder == Some(connection))
    }

    /// Takes back what waits for its holder. Answers the tasks that were left.
    pub fn give_up_waiting(&mut self) -> Vec<String> {
        self.end_where(|held| held.holder.is_none())
    }

    fn end_where(&mut self, ends: impl Fn(&Held) -> bool) -> Vec<String> {
        let ids: BTreeSet<String> = self
            .held
            .iter()
            .filter(|(_, held)| ends(held))
            .map(|(id, _)| id.clone())
            .collect();
        ids.into_iter()
            .filter_map(|id| {
                let held = self.held.remove(&id)?;
                if self.lost.len() == MOST_LOST {
                    self.lost.pop_front();
                }
                self.lost.push_back((id.clone(), held.task.clone()));
                Some(held.task.unwrap_or(id))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Leases, SavedLeases};

    #[test]
    fn there_are_never_more_than_slots() {
        let mut leases = Leases::default();
        let first = leases.take(1, None, 2).unwrap();
        assert!(leases.take(2, None, 2).is_some());
        assert_eq!(leases.take(2, None, 2), None);
        assert!(leases.give_back(&first));
        assert!(!leases.give_back(&first));
        assert!(leases.take(1, None, 2).is_some());
        assert_eq!(leases.count(), 2);
    }

    #[test]
    fn a_closed_connection_frees_its_own_and_no_others() {
        let mut leases = Leases::default();
        leases.take(1, Some("one".to_owned()), 9).unwrap();
        let other = leases.take(2, None, 9).unwrap();
        leases.take(1, Some("two".to_owned()), 9).unwrap();
        let mut left = leases.closed(1);
        left.sort();
        assert_eq!(left, ["one", "two"]);
        assert_eq!(leases.count(), 1);
        assert!(leases.give_back(&other));
    }

    #[test]
    fn what_was_kept_counts_until_it_is_given_up() {
        let mut before = Leases::default();
        let continued = before.take(7, None, 9).unwrap();
        before.take(7, Some("lost".to_owned()), 9).unwrap();
        let mut after = Leases::restored(before.to_saved());
        assert_eq!((after.count(), after.waiting()), (2, 2));
        assert!(after.move_to(1, &continued));
        assert!(!after.move_to(1, "unknown"));
        assert_eq!(after.give_up_waiting(), ["lost"]);
        assert_eq!(after.count(), 1);
    }

    #[test]
    fn a_lease_whose_connection_closed_is_continued_under_its_id() {
        let mut leases = Leases::default();
        let id = leases.take(1, Some("task".to_owned()), 9).unwrap();
        assert_eq!(leases.closed(1), ["task"]);
        assert!(!leases.contains(&id));
        assert!(leases.move_to(2, &id));
        assert!(leases.contains(&id));
        assert!(leases.give_back(&id));
        assert!(!leases.move_to(3, &id), "a released lease is over");
    }

    #[test]
    fn a_revoked_lease_is_never_continued() {
        let mut leases = Leases::default();
        let held = leases.take(1, None, 9).unwrap();
        let lost = leases.take(2, None, 9).unwrap();
        leases.closed(2);
        let mut revoked = leases.revoke_all();
        revoked.sort();
        let mut expected = vec![held.clone(), lost.clone()];
        expected.sort();
        assert_eq!(revoked, expected);
        assert_eq!(leases.count(), 0);
        assert!(!leases.move_to(1, &held) && !leases.move_to(1, &lost));
        assert!(leases.is_revoked(&held) && leases.is_revoked(&lost));
    }

    #[test]
    fn a_damaged_file_restores_no_lease_that_no_agent_wrote() {
        let saved: SavedLeases = serde_json::from_str(
            r#"{"registration": {"worker_id": "../x", "pid": 0, "slots": 4000000000},
                "leases": {"0123456789abcdef": null, "": null, "x": "y", "0123456789abcdeg": null}}"#,
        )
        .unwrap();
        let valid = saved.valid();
        assert_eq!(valid.registration, None);
        assert_eq!(valid.leases.len(), 1);
    }
}
