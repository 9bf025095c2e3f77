//! Events in the database.

use tokio_postgres::Row;

use super::Cursor;
use super::rows::cursor_of;
use crate::database::Database;
use crate::problem::Problem;

/// The most events that are read at a time.
pub const MAX_ROWS: usize = 1000;

/// How long events are kept: longer than a client that was cut off takes to come back.
const KEPT_SECONDS: f64 = 900.0;

/// The key of the lock of whoever tells of states. Every replica may, so it is not the leader's, which is held all the time.
const TURN_LOCK: i64 = 4_926_139;

/// No transaction before this one is under way any more: what they did can be read, and nothing of it is added.
const SETTLED: &str = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint";

/// The place after everything that has happened.
///
/// # Errors
///
/// When the database does not answer.
pub async fn now(database: &Database) -> Result<Cursor, Problem> {
    let client = database.client().await?;
    let statement = client
        .prepare_cached(&format!("SELECT {SETTLED} - 1"))
        .await?;
    let row = client.query_one(&statement, &[]).await?;
    Ok(Cursor::after(row.get(0)))
}

/// Whether somebody who has read this far can go on from there.
///
/// # Errors
///
/// When the database does not answer.
pub async fn is_kept(database: &Database, cursor: Cursor) -> Result<bool, Problem> {
    let client = database.client().await?;
    let statement = client
        .prepare_cached(&format!(
            "SELECT $1 >= xact AND $1 < {SETTLED} FROM event_removed"
        ))
        .await?;
    let row = client.query_opt(&statement, &[&cursor.transaction]).await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// The next rows after this place, at most [`MAX_ROWS`], and how far that is.
///
/// # Errors
///
/// When the database does not answer.
pub async fn after(database: &Database, cursor: Cursor) -> Result<(Vec<Row>, Cursor), Problem> {
    let client = database.client().await?;
    let statement = client
        .prepare_cached(&format!(
            "SELECT xact, id, at, kind, instance_id, data FROM event
             WHERE (xact, id) > ($1, $2) AND xact < {SETTLED} ORDER BY xact, id LIMIT {MAX_ROWS}"
        ))
        .await?;
    let rows = client
        .query(&statement, &[&cursor.transaction, &cursor.row])
        .await?;
    let last = rows.last().map_or(cursor, cursor_of);
    Ok((rows, last))
}

/// Tells of states that no host has said: a host fell silent, spoke again, was found or is gone. One replica at a time does
/// it.
///
/// # Errors
///
/// When the database does not answer.
pub async fn tell_states(database: &Database) -> Result<(), Problem> {
    let mut client = database.client().await?;
    let transaction = client.transaction().await?;
    let turn = transaction
        .query_one("SELECT pg_try_advisory_xact_lock($1)", &[&TURN_LOCK])
        .await?;
    if !turn.get::<_, bool>(0) {
        return Ok(());
    }
    let statement = transaction
        .prepare_cached(
            "WITH changed AS (
                SELECT now_known.instance_id, now_known.state, group_name, told_state.state AS before,
                       CASE WHEN now_known.state = status THEN cause END AS cause
                FROM sandboxes AS now_known LEFT JOIN told_state USING (instance_id)
                WHERE told_state.state IS DISTINCT FROM now_known.state
             ), told AS (
                -- Unless the host has said another one meanwhile: that is told already, and is newer.
                INSERT INTO told_state SELECT instance_id, state FROM changed ORDER BY instance_id
                ON CONFLICT (instance_id) DO UPDATE SET state = excluded.state
                WHERE told_state.state IS NOT DISTINCT FROM
                      (SELECT before FROM changed WHERE changed.instance_id = excluded.instance_id)
                RETURNING instance_id
             )
             INSERT INTO event (kind, instance_id, data)
             SELECT 'host', instance_id, to_jsonb(changed) - 'before'
             FROM changed JOIN told USING (instance_id) ORDER BY instance_id",
        )
        .await?;
    transaction.execute(&statement, &[]).await?;
    transaction.commit().await?;
    Ok(())
}

/// Removes events that nobody comes back for.
///
/// # Errors
///
/// When the database does not answer.
pub async fn tidy(database: &Database) -> Result<(), Problem> {
    tidy_older_than(database, KEPT_SECONDS).await
}

async fn tidy_older_than(database: &Database, seconds: f64) -> Result<(), Problem> {
    let client = database.client().await?;
    client
        .execute(
            "WITH removed AS (DELETE FROM event WHERE at < now() - make_interval(secs => $1) RETURNING xact)
             UPDATE event_removed SET xact = greatest(xact, (SELECT max(removed.xact) FROM removed))
             WHERE EXISTS (SELECT FROM removed)",
            &[&seconds],
        )
        .await?;
    Ok(())
}
