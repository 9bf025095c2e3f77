//! The schema's versions, and what the serving role may do.

use super::{Database, DatabaseError};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Brings the schema up to date. Returns how many versions were applied.
///
/// # Errors
///
/// When the database does not answer, or a version that it has is not the one that this program knows.
pub async fn migrate(database: &Database) -> Result<usize, DatabaseError> {
    let mut client = database.dedicated().await?;
    // One at a time: replicas may start together.
    client
        .batch_execute("SET statement_timeout = 0; SELECT pg_advisory_lock(4926137)")
        .await?;
    let report = embedded::migrations::runner()
        // A newer release has migrated: this one, rolled back, serves on the new schema.
        .set_abort_missing(false)
        .run_async(&mut client)
        .await?;
    client
        .batch_execute("SELECT pg_advisory_unlock(4926137)")
        .await?;
    Ok(report.applied_migrations().len())
}

/// Allows a role what the server needs, and no more: it may add to the audit log and read it, and neither change nor
/// remove what stands there.
///
/// # Errors
///
/// When the role does not exist, or the connection's role may not grant.
pub async fn grant(database: &Database, role: &str) -> Result<(), DatabaseError> {
    let client = database.dedicated().await?;
    let role = format!("\"{}\"", role.replace('"', "\"\""));
    client
        .batch_execute(&format!(
            "GRANT USAGE ON SCHEMA public TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
             GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};
             REVOKE ALL ON audit FROM {role};
             GRANT SELECT, INSERT ON audit TO {role};
             REVOKE ALL ON refinery_schema_history FROM {role};
             GRANT SELECT ON refinery_schema_history TO {role};"
        ))
        .await?;
    Ok(())
}
