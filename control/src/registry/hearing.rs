//! When heartbeats can be heard. Silence counts only within such a time, so that an outage of ours makes no host look
//! dead.

use std::time::Duration;

use crate::database::Database;
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

/// Writes it down as long as the server runs.
pub async fn keep_hearing(database: Database) {
    loop {
        if let Err(problem) = hear(&database).await {
            tracing::warn!(%problem, "heartbeats cannot be heard");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
