//! One who is told.

use std::sync::Arc;

use tokio::sync::{broadcast, watch};

use super::rows::event_of;
use super::{Cursor, FleetEvent, store};
use crate::database::Database;
use crate::problem::Problem;

/// What comes next.
#[derive(Clone, Debug)]
pub enum Heard {
    Event(Arc<FleetEvent>),
    /// Events were missed up to this place: the reader was too slow.
    Missed(Cursor),
    /// The server stops.
    Stopping,
}

/// Receives events. It holds [`super::feed`]'s newest only: a reader that is too slow misses some, and is told so.
pub struct Subscription {
    told: broadcast::Receiver<Arc<FleetEvent>>,
    /// How far was told.
    cursor: Cursor,
    stopping: watch::Receiver<bool>,
}

impl Subscription {
    pub(super) const fn new(
        told: broadcast::Receiver<Arc<FleetEvent>>,
        cursor: Cursor,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            told,
            cursor,
            stopping,
        }
    }

    /// How far was told.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// What has happened after this place, for a reader that comes back. Nothing where that is not known any more, or is
    /// more than anybody should catch up with.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn resume(
        &mut self,
        database: &Database,
        from: Cursor,
    ) -> Result<Option<Vec<FleetEvent>>, Problem> {
        if !store::is_kept(database, from).await? {
            return Ok(None);
        }
        let (rows, last) = store::after(database, from).await?;
        // What is removed meanwhile is not in the rows.
        if rows.len() == store::MAX_ROWS || !store::is_kept(database, from).await? {
            return Ok(None);
        }
        self.cursor = self.cursor.max(last);
        Ok(Some(rows.iter().filter_map(event_of).collect()))
    }

    /// Waits for the next event.
    pub async fn next(&mut self) -> Heard {
        loop {
            let received = tokio::select! {
                received = self.told.recv() => received,
                _ = self.stopping.wait_for(|stopping| *stopping) => return Heard::Stopping,
            };
            match received {
                Ok(event) if event.cursor > self.cursor => {
                    self.cursor = event.cursor;
                    return Heard::Event(event);
                }
                // It was told when the reader came back.
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    // The oldest one that waits still is the next.
                    let Ok(event) = self.told.recv().await else {
                        continue;
                    };
                    self.cursor = self.cursor.max(event.cursor);
                    return Heard::Missed(self.cursor);
                }
                Err(broadcast::error::RecvError::Closed) => return Heard::Stopping,
            }
        }
    }
}
