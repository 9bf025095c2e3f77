//! Connections that do nothing are closed, so that nobody keeps a place by connecting and being silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How long a connection may be open without a request under way, a lease or a stream of events.
pub const MAX_IDLE: Duration = Duration::from_mins(1);

/// What goes on in one connection.
#[derive(Clone, Debug, Default)]
pub struct Activity(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Requests that have begun, and that have ended.
    begun: AtomicU64,
    ended: AtomicU64,
    streams: AtomicBool,
}

/// A request that is being answered. It is over when this is dropped.
#[derive(Debug)]
pub struct Busy(Activity);

impl Activity {
    /// A request begins.
    #[must_use]
    pub fn begin(&self) -> Busy {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }

    /// The connection carries a stream of events from now on.
    pub fn streams(&self) {
        self.0.streams.store(true, Ordering::Relaxed);
    }

    /// Resolves once the connection has been idle for [`MAX_IDLE`]. A head that arrives too slowly is no
    /// request yet.
    pub async fn idle(&self, holds_lease: impl Fn() -> bool) {
        let mut seen = self.requests();
        let mut since = Instant::now();
        loop {
            tokio::time::sleep_until(since + MAX_IDLE).await;
            let now = self.requests();
            let quiet = now == seen && now.0 == now.1;
            if quiet && !holds_lease() && !self.0.streams.load(Ordering::Relaxed) {
                return;
            }
            (seen, since) = (now, Instant::now());
        }
    }

    fn requests(&self) -> (u64, u64) {
        let inner = &self.0;
        (
            inner.begun.load(Ordering::Relaxed),
            inner.ended.load(Ordering::Relaxed),
        )
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn closes(activity: &Activity, holds: bool, after: Duration) -> bool {
        tokio::time::timeout(after, activity.idle(|| holds))
            .await
            .is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_connection_that_does_nothing_is_closed() {
        let silent = Activity::default();
        assert!(!closes(&silent, false, MAX_IDLE / 2).await);
        assert!(closes(&silent, false, MAX_IDLE * 2).await);
        assert!(
            !closes(&silent, true, MAX_IDLE * 9).await,
            "it holds a lease"
        );
        let busy = Activity::default();
        let request = busy.begin();
        assert!(!closes(&busy, false, MAX_IDLE * 9).await, "a request runs");
        drop(request);
        assert!(closes(&busy, false, MAX_IDLE * 3).await);
        busy.streams();
        assert!(
            !closes(&busy, false, MAX_IDLE * 9).await,
            "it streams events"
        );
    }
}
