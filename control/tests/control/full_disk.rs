//! A disk that is full: PostgreSQL's folder in a small file system of its own. What is refused is refused as a problem that
//! passes, what was acknowledged is there afterwards, and nobody is told that a host is dead.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};
use test_support::skip;
use valet_control::database::{self, Database};
use valet_control::postgres::{PostgresError, Server};

use crate::support::{Agent, Answer, Api};

/// A new cluster takes half of it.
const MEBIBYTES: u32 = 128;
/// Far above what fills the room that a full disk leaves in PostgreSQL's own files.
const MAX_BEATS: u32 = 500;
/// What is left at first, in bytes.
const ROOM: u64 = 2 * 1024 * 1024;
/// More files of PostgreSQL's log than it makes in advance.
const MAX_LOG_FILES: u32 = 6;
/// Far above what a restart takes beside other work.
const MAX_RECOVERY: Duration = Duration::from_mins(2);

/// A file system in memory that ends with the test.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={MEBIBYTES}m,mode=755");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "small-disk"])
            .arg(folder.path())
            .status();
        assert!(mounted.expect("mount runs").success());
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Takes all that is left but this many bytes.
    fn fill(&self, left: u64) {
        let mut ballast = File::create(self.path("ballast")).expect("a file");
        while ballast.write_all(&[0; 4096]).is_ok() {}
        let size = ballast.metadata().expect("a file").len();
        ballast.set_len(size.saturating_sub(left)).expect("shorter");
    }

    fn free(&self) {
        std::fs::remove_file(self.path("ballast")).expect("it is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.folder.path())
            .status();
    }
}

async fn start(folder: &Path) -> Option<Server> {
    let folder = folder.to_owned();
    let start = move || {
        let options = [
            "max_connections=30",
            "min_wal_size=32MB",
            "max_wal_size=48MB",
        ];
        Server::start(&folder, &options)
    };
    match tokio::task::spawn_blocking(start).await.expect("no panic") {
        Ok(server) => Some(server),
        Err(PostgresError::Missing) => {
            skip("PostgreSQL is needed: apt-get install postgresql");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// What a full disk may be answered with, and what it was.
fn is_taken(answer: &Answer) -> bool {
    let is_refused = (answer.status, answer.code()) == (503, "database.unavailable");
    assert!(
        is_refused || answer.status == 200,
        "{} {:#}",
        answer.status,
        answer.body
    );
    !is_refused
}

/// A heartbeat with the ends of a hundred sessions.
fn with_ends(round: u64) -> Value {
    let ended = (0..100).map(|number| {
        json!({
            "id": format!("l-{round}-{number}"), "task": "t".repeat(200), "outcome": "finished",
            "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:01:00Z",
        })
    });
    json!({ "ended": ended.collect::<Vec<_>>() })
}

/// What the server acknowledged.
#[derive(Default)]
struct Acknowledged {
    sessions: Vec<String>,
    orders: Vec<String>,
}

impl Acknowledged {
    /// A heartbeat with ends. Whether it was taken.
    async fn beat(&mut self, api: &Api, agent: &mut Agent) -> bool {
        let answer = agent.beat(api, with_ends(agent.seq)).await;
        let is_taken = is_taken(&answer);
        if is_taken {
            let ids = answer.body["acknowledged"].as_array().expect("ids");
            let ids = ids.iter().map(|id| id.as_str().expect("an id").to_owned());
            self.sessions.extend(ids);
        }
        is_taken
    }

    async fn order(&mut self, api: &Api, agent: &Agent) {
        let ordered = api
            .order(agent.id(), "drain", "while the disk is full")
            .await;
        if is_taken(&ordered) {
            let id = ordered.body["id"].as_str().expect("an id");
            self.orders.push(id.to_owned());
        }
    }

    /// Everything is in the database.
    async fn is_there(&self, api: &Api) {
        let client = api.database.client().await.expect("it runs");
        for (ids, query) in [
            (
                &self.sessions,
                "SELECT lease_id FROM session WHERE outcome = 'finished'",
            ),
            (&self.orders, "SELECT id FROM fleet_order"),
        ] {
            let rows = client.query(query, &[]).await.expect("rows");
            let kept: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
            let lost: Vec<&String> = ids.iter().filter(|id| !kept.contains(*id)).collect();
            assert!(lost.is_empty(), "lost: {lost:?}");
        }
    }
}

/// There is room again. A server that ended by itself, because it could not write its log, is started again: it may
/// still be on its way down when the room is there.
async fn recover(disk: &SmallDisk, mut server: Server, api: &Api, agent: &mut Agent) -> Server {
    disk.free();
    let began = Instant::now();
    while began.elapsed() < MAX_RECOVERY {
        if !server.is_up() {
            server = tokio::task::spawn_blocking(move || server.restart().map(|()| server))
                .await
                .expect("no panic")
                .expect("it starts again");
        }
        if is_taken(&agent.beat(api, json!({ "cause": "up again" })).await) {
            return server;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it did not recover");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_survived_and_loses_nothing_that_was_acknowledged() {
    if !rustix::process::geteuid().is_root() {
        return skip("root is needed: a small file system is mounted");
    }
    let disk = SmallDisk::mount();
    let Some(server) = start(&disk.path("postgresql")).await else {
        return;
    };
    let location = server.address("postgres");
    let database = Database::new(&location, 8).expect("an address");
    database::migrate(&database)
        .await
        .expect("the schema is made");
    let api = Api::over(database, location, |_| {}, |_| {}).await;
    let _tasks = api.control.start();
    let mut agent = Agent::enrolled(&api, 1).await;
    agent.beat(&api, json!({})).await.ok();

    // Tables cannot grow any more.
    disk.fill(ROOM);
    let mut acknowledged = Acknowledged::default();
    let mut refused = 0;
    for _ in 0..MAX_BEATS {
        refused += u32::from(!acknowledged.beat(&api, &mut agent).await);
        acknowledged.order(&api, &agent).await;
        if refused == 5 {
            break;
        }
    }
    assert_eq!(refused, 5, "the disk was never full");
    assert!(!acknowledged.sessions.is_empty() && !acknowledged.orders.is_empty());
    // It can be read, and the host is not called dead.
    let path = format!("/api/v1/sandboxes/{}", agent.id());
    let read = api.send(Method::GET, &path, &api.viewer, None).await.ok();
    assert_eq!(read["state"], "ready");
    let server = recover(&disk, server, &api, &mut agent).await;
    acknowledged.is_there(&api).await;

    // The log cannot be written any more, and PostgreSQL ends itself.
    disk.fill(0);
    let client = api.database.dedicated().await.expect("it runs");
    for _ in 0..MAX_LOG_FILES {
        if client
            .batch_execute("SELECT pg_switch_wal()")
            .await
            .is_err()
        {
            break;
        }
        acknowledged.order(&api, &agent).await;
    }
    assert!(!acknowledged.beat(&api, &mut agent).await);
    let server = recover(&disk, server, &api, &mut agent).await;
    acknowledged.is_there(&api).await;
    drop(server);
}
