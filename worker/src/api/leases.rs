//! The leases: one for each task that runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use valet_protocol::local_api::Registration;

/// A connection, by its number.
pub type Connection = u64;

/// The leases that are out.
#[derive(Debug, Default)]
pub struct Leases {
    held: BTreeMap<String, Held>,
}

#[derive(Debug)]
struct Held {
    /// Whose it is. Nobody's, when it was kept over a restart of the agent and the runtime has not
    /// come back for it yet.
    holder: Option<Connection>,
    task: Option<String>,
}

/// What is kept over a restart of the agent.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct SavedLeases {
    pub registration: Option<Registration>,
    /// The tasks, by lease.
    pub leases: BTreeMap<String, Option<String>>,
}

impl Leases {
    /// As they were kept, each waiting for its holder.
    #[must_use]
    pub fn restored(saved: BTreeMap<String, Option<String>>) -> Self {
        let held = saved
            .into_iter()
            .map(|(id, task)| (id, Held { holder: None, task }))
            .collect();
        Self { held }
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

    /// Hands one that is out to another connection of the same runtime. Answers whether it is out.
    pub fn move_to(&mut self, holder: Connection, id: &str) -> bool {
        let held = self.held.get_mut(id);
        held.map(|held| held.holder = Some(holder)).is_some()
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
                Some(held.task.unwrap_or(id))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Leases;

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
}
