//! What a rolling deploy needs of each migration: the release before it goes on serving on the new schema. So a migration
//! adds, and neither removes nor narrows what was there. `catalog.rs` says how that is seen.

use std::path::PathBuf;

use test_support::folders;
use valet_control::database::Database;

use crate::catalog::Catalog;
use crate::support::{database, empty_database};

/// What a migration does against the rule, and why it is right all the same.
const EXCEPTIONS: [(&str, &str); 9] = [
    (
        "sandbox.enrolled_at may be empty",
        "no release before V4 reads this column: they write it with its default",
    ),
    ("audit has a new trigger: tell_audit", TELLS),
    ("finding has a new trigger: tell_end_of_finding", TELLS),
    ("finding has a new trigger: tell_finding", TELLS),
    ("fleet_order has a new trigger: tell_new_order", TELLS),
    ("fleet_order has a new trigger: tell_order", TELLS),
    ("session has a new trigger: tell_new_session", TELLS),
    ("session has a new trigger: tell_session", TELLS),
    ("state_change has a new trigger: tell_state_change", TELLS),
];

/// Of V7.
const TELLS: &str = "it adds rows to a table of its own, with its owner's rights; `events.rs` has a role that knows nothing of it";

/// Every migration, in the order of their versions.
fn migrations() -> Vec<PathBuf> {
    let folder = folders::repository().join("control/migrations");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("it is there")
        .map(|file| file.expect("a file").path())
        .collect();
    let version = |path: &PathBuf| -> u32 {
        let name = path.file_name().expect("a name").to_string_lossy();
        let number = name.trim_start_matches('V').split("__").next();
        number
            .and_then(|number| number.parse().ok())
            .expect("a version")
    };
    files.sort_by_key(version);
    files
}

async fn catalog(database: &Database) -> Catalog {
    let client = database.dedicated().await.expect("it runs");
    Catalog::read(&client).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_release_before_each_migration_can_serve_on_it() {
    let Some((database, _)) = empty_database().await else {
        return;
    };
    let mut found = Vec::new();
    let mut before = catalog(&database).await;
    for path in migrations() {
        let text = folders::read(&path).expect("text");
        let client = database.dedicated().await.expect("it runs");
        client.batch_execute(&text).await.expect("it is applied");
        let after = catalog(&database).await;
        found.extend(before.breaks(&after));
        before = after;
    }
    let expected: Vec<&str> = EXCEPTIONS.iter().map(|(what, _)| *what).collect();
    assert_eq!(found, expected);
}

/// Each of these would break the release before, and is named.
#[tokio::test(flavor = "multi_thread")]
async fn every_change_that_breaks_the_release_before_is_found() {
    let Some((database, _)) = database().await else {
        return;
    };
    let before = catalog(&database).await;
    let mut client = database.dedicated().await.expect("it runs");
    for (change, found) in [
        ("DROP TABLE login", "login is gone"),
        ("ALTER TABLE login RENAME TO signed_in", "login is gone"),
        ("ALTER TABLE pulse DROP COLUMN kernel CASCADE", "pulse.kernel is gone"),
        ("ALTER TABLE audit RENAME COLUMN detail TO details", "audit.detail is gone"),
        ("ALTER TABLE audit ALTER COLUMN role TYPE varchar(9)", "audit.role is character varying(9) and was text"),
        ("ALTER TABLE session ADD COLUMN cost bigint NOT NULL", "session.cost needs a value"),
        ("ALTER TABLE session ALTER COLUMN task SET NOT NULL", "session.task may not be empty any more"),
        ("ALTER TABLE session ALTER COLUMN started_at DROP NOT NULL", "session.started_at may be empty"),
        ("ALTER TABLE audit ALTER COLUMN detail DROP DEFAULT", "audit.detail has no default any more"),
        ("ALTER TABLE session ADD CHECK (started_at < ended_at)", "session has a new constraint: CHECK"),
        (
            "ALTER TABLE api_token DROP CONSTRAINT api_token_role_check;
             ALTER TABLE api_token ADD CONSTRAINT api_token_role_check CHECK (role IN ('viewer', 'admin'))",
            "api_token refuses 'operator'",
        ),
        ("CREATE UNIQUE INDEX ON worker_key (used_at)", "worker_key has a new unique index"),
        ("ALTER TABLE session ADD FOREIGN KEY (lease_id) REFERENCES fleet_order", "session has a new constraint: FOREIGN KEY"),
        (
            "CREATE TRIGGER new_trigger BEFORE INSERT ON pulse FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()",
            "pulse has a new trigger",
        ),
    ] {
        let transaction = client.transaction().await.expect("it runs");
        transaction.batch_execute(change).await.expect(change);
        let after = Catalog::read(&transaction).await;
        let breaks = before.breaks(&after);
        assert!(
            breaks.iter().any(|what| what.starts_with(found)),
            "{change}: {breaks:?}"
        );
    }
    // What a migration may do.
    let transaction = client.transaction().await.expect("it runs");
    let adds = "CREATE TABLE more (id text PRIMARY KEY, made_at timestamptz NOT NULL);
                ALTER TABLE session ADD COLUMN cost bigint, ADD COLUMN currency text NOT NULL DEFAULT 'USD';
                CREATE INDEX ON session (cost);
                ALTER TABLE api_token DROP CONSTRAINT api_token_role_check;
                ALTER TABLE api_token ADD CONSTRAINT api_token_role_check
                    CHECK (role IN ('viewer', 'operator', 'admin', 'auditor'))";
    transaction.batch_execute(adds).await.expect("applied");
    let after = Catalog::read(&transaction).await;
    assert_eq!(before.breaks(&after), Vec::<String>::new());
}
