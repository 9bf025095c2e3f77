//! Who leads: an advisory lock of a database session, and a row with the leader's epoch.
//!
//! PostgreSQL ends the session when nothing was asked in it for the length of the lease, whatever became of the process:
//! killed, stopped, or cut off. With the session ends the lock. So an answer in that session proves that nobody else leads
//! for the length of the lease from when it was asked, and a call of AWS that ends before then is the only one.
//!
//! What this cannot fence is a database that is lost with the lock: a standby that takes over knows nothing of it. So a
//! new leader waits the length of a lease before it changes anything, unless the one before gave the lease up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_postgres::Client;

use crate::aws::Permit;
use crate::database::{Database, DatabaseError};
use crate::outbound::BootTime;

/// The key of the lock.
const LOCK: i64 = 4_926_138;
/// How long the database may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The lease of a leader.
pub struct Lease {
    client: Client,
    pub epoch: i64,
    length: Duration,
    /// Since when it leads.
    since: BootTime,
    /// Until when the leader before might still act.
    quiet_until: BootTime,
    is_lost: AtomicBool,
}

/// Why a replica may not act.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    #[error("the database does not answer: {0}")]
    Database(#[from] DatabaseError),
    #[error("the session has ended: {0}")]
    Session(#[from] tokio_postgres::Error),
    #[error("the database does not answer within {ANSWER_TIMEOUT:?}")]
    Silent,
    #[error("another replica leads")]
    Superseded,
    #[error("the leader before this one may still act")]
    TooEarly,
}

impl Lease {
    /// Waits until no other replica leads.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn wait(
        database: &Database,
        length: Duration,
        holder: &str,
    ) -> Result<Self, LeaseError> {
        let client = database.dedicated().await?;
        // The statement's own limit is below the lease: a session that is not idle is not ended either.
        client
            .batch_execute(&format!(
                "SET idle_session_timeout = {}; SET statement_timeout = {}",
                length.as_millis(),
                ANSWER_TIMEOUT.as_millis()
            ))
            .await?;
        loop {
            let row = answer(client.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK])).await?;
            if row.get(0) {
                break;
            }
            tokio::time::sleep(length / 6).await;
        }
        let row = answer(client.query_one(
            "UPDATE leader SET epoch = leader.epoch + 1, holder = $1, since = now(), renewed_at = now(), released = false
             FROM (SELECT released FROM leader FOR UPDATE) AS before
             RETURNING leader.epoch, before.released",
            &[&holder],
        ))
        .await?;
        let since = BootTime::now();
        let quiet = if row.get("released") {
            Duration::ZERO
        } else {
            length
        };
        Ok(Self {
            client,
            epoch: row.get("epoch"),
            length,
            since,
            quiet_until: since + quiet,
            is_lost: AtomicBool::new(false),
        })
    }

    /// Renews the lease. What begins with the permit ends before anybody else may lead.
    ///
    /// # Errors
    ///
    /// When this replica does not lead any more, or that is not certain.
    pub async fn renew(&self) -> Result<Permit, LeaseError> {
        let asked = BootTime::now();
        let row = answer(self.client.query_opt(
            "UPDATE leader SET renewed_at = now() WHERE epoch = $1 RETURNING epoch",
            &[&self.epoch],
        ))
        .await?;
        if row.is_none() {
            return Err(LeaseError::Superseded);
        }
        Ok(Permit::until(asked + self.length))
    }

    /// The permit for a call that changes something.
    ///
    /// # Errors
    ///
    /// As [`Lease::renew`], and while the leader before this one may still act.
    pub async fn permit(&self) -> Result<Permit, LeaseError> {
        if !self.quiet_until.remaining().is_zero() {
            return Err(LeaseError::TooEarly);
        }
        self.renew().await
    }

    /// Says that it could not be renewed: whoever works under it begins nothing more.
    pub fn lose(&self) {
        self.is_lost.store(true, Ordering::Relaxed);
    }

    /// Whether it could not be renewed.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }

    /// How long this replica has led.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// How often it is renewed.
    #[must_use]
    pub fn renewal(&self) -> Duration {
        self.length / 6
    }

    /// Says that nothing of this leader is under way, so that the next one need not wait.
    pub async fn release(&self) {
        let statement = "UPDATE leader SET released = true WHERE epoch = $1";
        let released = answer(self.client.execute(statement, &[&self.epoch])).await;
        if let Err(error) = released {
            tracing::debug!(%error, "the lease ends by itself");
        }
    }
}

async fn answer<T>(
    asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, LeaseError> {
    match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
        Ok(answered) => Ok(answered?),
        Err(_) => Err(LeaseError::Silent),
    }
}
