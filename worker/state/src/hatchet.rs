//! What is known of Hatchet.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// The worker as Hatchet sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hatchet {
    pub connection: Connection,
    /// Why the connection is not as it should be, in words; empty while it is.
    pub detail: String,
    /// When the token ends, if it does.
    pub token_expires: Option<Timestamp>,
    /// The worker id that is paused in Hatchet; a worker with another id is not.
    pub paused: Option<String>,
    /// The worker id that has been unsubscribed.
    pub unsubscribed: Option<String>,
    /// When Hatchet was seen to give the worker's tasks to others, or to have given them, having heard nothing of it for
    /// 30 s. None again once it hears of it.
    pub given_up: Option<Instant>,
    /// Whether Hatchet counted fewer tasks than hold leases when it was looked at last, after a possible silence. The next
    /// look says whether it gave any away.
    pub is_suspected: bool,
    /// When Hatchet heard of the worker last, as far as it could be asked; of a new one, when it registered.
    pub heard: Option<Instant>,
}

/// Without word of the worker for so long nobody can say whether its tasks are still its own: Hatchet gives them away 30 s
/// after the last heartbeat, and a heartbeat and a response take their time.
pub const UNHEARD: Duration = Duration::from_secs(25);

impl Hatchet {
    /// How long Hatchet may have heard nothing of the worker, where that is too long.
    #[must_use]
    pub fn unheard(&self) -> Option<Duration> {
        let silent = self.heard?.elapsed();
        (silent >= UNHEARD).then_some(silent)
    }

    /// Why nobody can say whether a task that runs is still this worker's, in words; nothing where it is known.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        let unheard = self.unheard().map(|silent| {
            let seconds = silent.as_secs();
            format!("Hatchet could not be asked for {seconds} s")
        });
        let suspected = || "Hatchet counts fewer tasks than run here".to_owned();
        unheard.or_else(|| self.is_suspected.then(suspected))
    }
}

/// The runtime's connection to Hatchet, as Hatchet reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// Nobody has registered, or Hatchet was not asked yet.
    #[default]
    Unknown,
    Connected,
    /// Hatchet does not see the worker, or cannot be reached.
    Disconnected,
}

impl Connection {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
        }
    }
}

/// The tasks that wait in Hatchet, of the whole fleet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queue {
    pub depth: u64,
    /// Seconds that the oldest one has waited; 0 without any.
    pub oldest_seconds: f64,
    /// When Hatchet said so.
    pub at: Timestamp,
}
