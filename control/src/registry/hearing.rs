//! When heartbeats can be heard. Silence counts only within such a time, so that an outage of ours makes no host look
//! dead.

use std::time::Duration;

use crate::database::Database;
use crate::events;
use crate::orders;
use crate::problem::Problem;

/// How often it is written down.
const INTERVAL: Duration = Duration::from_secs(10);

/// Writes down that heartbeats can be heard. After 30 s without, a new time begins.
///
/// # Errors
///
/// When the database does not answer.
pub async fn hear(database: &Database) -> Result<(), Problem> {
    let client = database.client().await?;
    let extended = client
        .execute(
            "UPDATE ingest_up SET last_at = greatest(last_at, now())
             WHERE started_at = (SELECT max(started_at) FROM ingest_up) AND last_at > now() - interval '30 seconds'",
            &[],
        )
        .await?;
    if extended == 0 {
        client
            .execute(
                "INSERT INTO ingest_up (started_at, last_at)
                 SELECT now(), now() WHERE NOT EXISTS
                    (SELECT FROM ingest_up WHERE last_at > now() - interval '30 seconds')
                 ON CONFLICT DO NOTHING",
                &[],
            )
            .await?;
    }
    Ok(())
}

/// How many rounds there are between two removals of what has ended: an hour.
const TIDY_ROUNDS: u64 = 360;

/// How many rounds there are between two removals of events: a minute.
const EVENT_ROUNDS: u64 = 6;

/// How many rounds there are between two looks at orders that nobody has begun: a minute.
const EXPIRY_ROUNDS: u64 = 6;

/// Removes what has ended long ago and proves nothing any more.
async fn tidy(database: &Database) -> Result<(), Problem> {
    let client = database.client().await?;
    client
        .batch_execute(
            "DELETE FROM enrolment WHERE expires_at < now() - interval '7 days';
             DELETE FROM release WHERE until < now();
             DELETE FROM idempotency WHERE made_at < now() - interval '2 days'",
        )
        .await?;
    Ok(())
}

/// Writes it down as long as the server runs.
pub async fn keep_hearing(database: Database) {
    for round in 0_u64.. {
        if let Err(problem) = hear(&database).await {
            tracing::warn!(%problem, "heartbeats cannot be heard");
        } else if round.is_multiple_of(TIDY_ROUNDS)
            && let Err(problem) = tidy(&database).await
        {
            tracing::warn!(%problem, "what has ended long ago cannot be removed");
        }
        if round.is_multiple_of(EXPIRY_ROUNDS)
            && let Err(problem) = orders::expire(&database).await
        {
            tracing::warn!(%problem, "orders whose time is over stay as they are");
        }
        if round.is_multiple_of(EVENT_ROUNDS)
            && let Err(problem) = events::tidy(&database).await
        {
            tracing::warn!(%problem, "events that nobody comes back for cannot be removed");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
