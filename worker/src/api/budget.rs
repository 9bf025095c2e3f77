//! How many connections each user may have open.
//!
//! The runtime holds a lease by each of its connections, so nobody else may use up its share: it has
//! all of `api.connections`, and every other user a quarter of that for itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UnixStream;

use super::peers::Peers;

/// Open connections by user.
#[derive(Clone, Debug, Default)]
pub struct OpenConnections(Arc<Mutex<BTreeMap<u32, usize>>>);

/// One open connection. Its place is free again when this ends.
#[derive(Debug)]
pub struct Budget {
    open: OpenConnections,
    user: u32,
}

impl Budget {
    /// A place for the peer of this connection; nothing when its user has used up its share.
    pub fn of(
        open: &OpenConnections,
        stream: &UnixStream,
        peers: &Peers,
        most: usize,
    ) -> Option<Self> {
        let user = stream.peer_cred().ok()?.uid();
        let share = if peers.is_runtime(user) {
            most
        } else {
            (most / 4).max(1)
        };
        open.take(user, share)
    }
}

impl OpenConnections {
    fn take(&self, user: u32, share: usize) -> Option<Budget> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user).or_default();
        (*count < share).then(|| {
            *count += 1;
            Budget {
                open: self.clone(),
                user,
            }
        })
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        let mut open = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OpenConnections;

    #[test]
    fn a_user_has_its_own_share_and_gets_it_back() {
        let open = OpenConnections::default();
        let first = open.take(1000, 2).unwrap();
        let _second = open.take(1000, 2).unwrap();
        assert!(open.take(1000, 2).is_none());
        assert!(open.take(2000, 2).is_some(), "another user's share");
        drop(first);
        assert!(open.take(1000, 2).is_some());
    }
}
