//! The leases: one for each task that runs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use valet_protocol::local_api::Registration;

use crate::state::RunningTask;

/// A connection, by its number.
pub type Connection = u64;

/// The leases that are out.
#[derive(Debug, Default)]
pub struct Leases {
    held: BTreeMap<String, Held>,
    /// Leases that ended because their connection closed, with their tasks, oldest first. The
    /// runtime may come back for them over another connection.
    lost: VecDeque<(String, RunningTask)>,
    /// Ids of leases that were revoked, oldest first: they are never given again.
    revoked: VecDeque<String>,
}

/// Lost leases, and revoked ones, that are remembered.
const MAX_LOST: usize = 1000;

#[derive(Debug)]
struct Held {
    /// Whose it is. Nobody's, when it was kept over a restart of the agent and the runtime has not
    /// come back for it yet.
    holder: Option<Connection>,
    task: RunningTask,
}

/// The most characters of a name that is only shown.
pub const MAX_TASK_NAME_CHARS: usize = 256;

/// What is saved over a restart of the agent.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct SavedLeases {
    pub registration: Option<Registration>,
    /// The tasks, by lease.
    pub leases: BTreeMap<String, Option<String>>,
    /// When each task began. Agents of version 0.1 neither write nor read it.
    #[serde(default)]
    pub started: BTreeMap<String, Timestamp>,
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
            .filter(|registration| super::admission::check(registration).is_ok());
        let most = super::admission::MAX_SLOTS as usize;
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
        let revoked = self.revoked.into_iter().filter(is_id).take(MAX_LOST);
        Self {
            registration,
            started: self.started,
            leases,
            revoked: revoked.collect(),
        }
    }
}

impl Leases {
    /// As they were saved, each waiting for its holder. A task whose start was not saved counts from now.
    #[must_use]
    pub fn restored(saved: &SavedLeases) -> Self {
        let held = |(id, name): (&String, &Option<String>)| {
            let started = saved.started.get(id).copied();
            let task = RunningTask {
                name: name.clone(),
                started: started.unwrap_or_else(Timestamp::now),
            };
            (id.clone(), Held { holder: None, task })
        };
        Self {
            held: saved.leases.iter().map(held).collect(),
            lost: VecDeque::new(),
            revoked: saved.revoked.iter().cloned().collect(),
        }
    }

    /// To be saved.
    #[must_use]
    pub fn to_saved(&self, registration: Option<Registration>) -> SavedLeases {
        let tasks = || self.held.iter().map(|(id, held)| (id.clone(), &held.task));
        SavedLeases {
            registration,
            leases: tasks().map(|(id, task)| (id, task.name.clone())).collect(),
            started: tasks().map(|(id, task)| (id, task.started)).collect(),
            revoked: self.revoked.iter().cloned().collect(),
        }
    }

    /// The tasks that run, by lease.
    #[must_use]
    pub fn running(&self) -> BTreeMap<String, RunningTask> {
        let task = |(id, held): (&String, &Held)| (id.clone(), held.task.clone());
        self.held.iter().map(task).collect()
    }

    /// How many are out, those without a holder among them.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.held.len() as u32
    }

    /// Whether a connection holds any.
    #[must_use]
    pub fn held_by(&self, connection: Connection) -> bool {
        let mut held = self.held.values();
        held.any(|held| held.holder == Some(connection))
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
        let task = RunningTask {
            name: task,
            started: Timestamp::now(),
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

    /// Ends every lease for good. Returns the tasks by lease, those of lost leases among them.
    pub fn revoke_all(&mut self) -> Vec<(String, RunningTask)> {
        let held = std::mem::take(&mut self.held).into_iter();
        let held = held.map(|(id, held)| (id, held.task));
        let revoked: Vec<_> = held.chain(std::mem::take(&mut self.lost)).collect();
        self.revoked
            .extend(revoked.iter().map(|(id, _)| id.clone()));
        let over = self.revoked.len().saturating_sub(MAX_LOST);
        self.revoked.drain(..over);
        revoked
    }

    /// Whether a lease was revoked.
    #[must_use]
    pub fn is_revoked(&self, id: &str) -> bool {
        self.revoked.iter().any(|revoked| revoked == id)
    }

    /// Takes one back. Returns its task, if it was out.
    pub fn give_back(&mut self, id: &str) -> Option<RunningTask> {
        self.held.remove(id).map(|held| held.task)
    }

    /// Takes back what a closed connection held. Returns the tasks that were left, by lease.
    pub fn closed(&mut self, connection: Connection) -> Vec<(String, RunningTask)> {
        self.end_where(|held| held.holder == Some(connection))
    }

    /// Takes back what waits for its holder. Returns the tasks that were left, by lease.
    pub fn give_up_waiting(&mut self) -> Vec<(String, RunningTask)> {
        self.end_where(|held| held.holder.is_none())
    }

    fn end_where(&mut self, ends: impl Fn(&Held) -> bool) -> Vec<(String, RunningTask)> {
        let ids: BTreeSet<String> = self
            .held
            .iter()
            .filter(|(_, held)| ends(held))
            .map(|(id, _)| id.clone())
            .collect();
        ids.into_iter()
            .filter_map(|id| {
                let task = self.held.remove(&id)?.task;
                if self.lost.len() == MAX_LOST {
                    self.lost.pop_front();
                }
                self.lost.push_back((id.clone(), task.clone()));
                Some((id, task))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Leases, SavedLeases};
    use crate::state::RunningTask;

    fn names(tasks: Vec<(String, RunningTask)>) -> Vec<String> {
        tasks
            .into_iter()
            .filter_map(|(_, task)| task.name)
            .collect()
    }

    /// What version 0.1 of the agent writes and reads.
    #[derive(serde::Deserialize, serde::Serialize)]
    struct LeasesOfVersion01 {
        registration: Option<valet_protocol::local_api::Registration>,
        leases: BTreeMap<String, Option<String>>,
        #[serde(default)]
        revoked: Vec<String>,
    }

    #[test]
    fn an_upgrade_and_a_rollback_of_the_agent_keep_the_leases() {
        let old = r#"{"registration": {"worker_id": "w", "pid": 1, "slots": 2},
            "leases": {"0123456789abcdef": "a task"}, "revoked": ["0123456789abcde0"]}"#;
        let saved: SavedLeases = serde_json::from_str(old).unwrap();
        let leases = Leases::restored(&saved.valid());
        assert!(leases.contains("0123456789abcdef") && leases.is_revoked("0123456789abcde0"));
        let new = serde_json::to_string(&leases.to_saved(None)).unwrap();
        let read: LeasesOfVersion01 = serde_json::from_str(&new).expect(&new);
        assert_eq!(read.leases["0123456789abcdef"].as_deref(), Some("a task"));
        assert_eq!(read.revoked, ["0123456789abcde0"]);
    }

    #[test]
    fn a_task_has_begun_when_it_began_and_not_when_the_agent_was_restarted() {
        let mut before = Leases::default();
        let id = before.take(1, None, 9).unwrap();
        let after = Leases::restored(&before.to_saved(None));
        assert_eq!(after.running()[&id], before.running()[&id]);
    }

    #[test]
    fn there_are_never_more_than_slots() {
        let mut leases = Leases::default();
        let first = leases.take(1, None, 2).unwrap();
        assert!(leases.take(2, None, 2).is_some());
        assert_eq!(leases.take(2, None, 2), None);
        assert!(leases.give_back(&first).is_some());
        assert!(leases.give_back(&first).is_none());
        assert!(leases.take(1, None, 2).is_some());
        assert_eq!(leases.count(), 2);
    }

    #[test]
    fn a_closed_connection_frees_its_own_and_no_others() {
        let mut leases = Leases::default();
        leases.take(1, Some("one".to_owned()), 9).unwrap();
        let other = leases.take(2, None, 9).unwrap();
        leases.take(1, Some("two".to_owned()), 9).unwrap();
        let mut left = names(leases.closed(1));
        left.sort();
        assert_eq!(left, ["one", "two"]);
        assert_eq!(leases.count(), 1);
        assert!(leases.give_back(&other).is_some());
    }

    #[test]
    fn what_was_kept_counts_until_it_is_given_up() {
        let mut before = Leases::default();
        let continued = before.take(7, None, 9).unwrap();
        before.take(7, Some("lost".to_owned()), 9).unwrap();
        let mut after = Leases::restored(&before.to_saved(None));
        assert_eq!((after.count(), after.waiting()), (2, 2));
        assert!(after.move_to(1, &continued));
        assert!(!after.move_to(1, "unknown"));
        assert_eq!(names(after.give_up_waiting()), ["lost"]);
        assert_eq!(after.count(), 1);
    }

    #[test]
    fn a_lease_whose_connection_closed_is_continued_under_its_id() {
        let mut leases = Leases::default();
        let id = leases.take(1, Some("task".to_owned()), 9).unwrap();
        assert_eq!(names(leases.closed(1)), ["task"]);
        assert!(!leases.contains(&id));
        assert!(leases.move_to(2, &id));
        assert!(leases.contains(&id));
        assert!(leases.give_back(&id).is_some());
        assert!(!leases.move_to(3, &id), "a released lease is over");
    }

    #[test]
    fn a_revoked_lease_is_never_continued() {
        let mut leases = Leases::default();
        let held = leases.take(1, None, 9).unwrap();
        let lost = leases.take(2, None, 9).unwrap();
        leases.closed(2);
        let revoked = leases.revoke_all().into_iter();
        let mut revoked: Vec<String> = revoked.map(|(id, _)| id).collect();
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
