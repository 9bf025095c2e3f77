//! The one replica that acts: killed between decision and call, stopped past its lease, and cut off.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::Client;
use valet_control::leader::{Lease, LeaseError};

use crate::mock_aws::members;
use crate::process::Process;
use crate::recorder::Recorder;
use crate::support::{Api, REGION, signer};
use crate::world::World;

/// The least that the configuration allows.
const LEASE: Duration = Duration::from_secs(12);
/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_mins(1);

/// Two replicas as processes, and a host that may be decommissioned.
struct Scene {
    world: World,
    recorder: Recorder,
    config: PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn start() -> Option<Self> {
        let world = World::start(2).await?;
        let recorder = Recorder::start(&world.mock, None).await;
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("control.toml");
        let text = format!(
            "listen = '127.0.0.1:0'\n[aws]\nenabled = true\n[leader]\nlease_seconds = {}\n[[fleets]]\ngroup = '{}'\n\
             account = '123456789012'\nregion = '{REGION}'\n[identity.certificates]\n{REGION} = '{}'\n",
            LEASE.as_secs(),
            world.group,
            signer().certificate().display()
        );
        std::fs::write(&config, text).expect("written");
        Some(Self {
            world,
            recorder,
            config,
            _folder: folder,
        })
    }

    fn replica(&self) -> Process {
        let address = self.recorder.url();
        let environment = [
            ("AWS_ENDPOINT_URL", address.as_str()),
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
        ];
        Process::start(
            &self.world.api.location,
            Path::new(&self.config),
            &environment,
        )
    }

    /// A replica that leads and has read the group, and one that waits.
    async fn two_replicas(&self) -> (Process, Process) {
        let first = self.replica();
        self.until("a leader", "SELECT epoch FROM leader", 1).await;
        let second = self.replica();
        let listed = "SELECT count(*) FROM fleet_group WHERE read_at IS NOT NULL";
        self.until("a list", listed, 1).await;
        (first, second)
    }

    /// A decommission that is due in an hour.
    async fn decommission(&self) -> Value {
        let path = format!("/api/v1/sandboxes/{}/decommission", self.world.ids[0]);
        let body = json!({ "replace": true, "reason": "old" });
        self.world.api.post(&path, body).await.ok()
    }

    async fn query(&self, statement: &str) -> i64 {
        let client = self.world.api.database.client().await.expect("it runs");
        client
            .query_one(statement, &[])
            .await
            .expect(statement)
            .get(0)
    }

    async fn until(&self, what: &str, statement: &str, expected: i64) {
        let began = Instant::now();
        while self.query(statement).await != expected {
            assert!(began.elapsed() < LIMIT, "{what} did not happen");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Holds the leader between its decision and its call: that it intends to terminate a host cannot be written down.
    /// Whatever else it writes, it can.
    async fn hold_audit(&self) -> Client {
        let client = self.world.api.database.dedicated().await.expect("it runs");
        client
            .batch_execute(
                "CREATE FUNCTION hold_intent() RETURNS trigger LANGUAGE plpgsql
                 AS $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$;
                 CREATE TRIGGER hold_intent BEFORE INSERT ON audit FOR EACH ROW
                 WHEN (NEW.action = 'host.terminate' AND NEW.outcome = 'intended') EXECUTE FUNCTION hold_intent();
                 SELECT pg_advisory_lock(7)",
            )
            .await
            .expect("locked");
        client
    }

    async fn release(&self, held: &Client) {
        held.batch_execute("SELECT pg_advisory_unlock(7)")
            .await
            .expect("released");
    }

    async fn until_decided(&self) {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                     AND query LIKE 'INSERT INTO audit%' AND wait_event_type = 'Lock'";
        self.until("a decision", waits, 1).await;
    }

    async fn is_terminated(&self) -> bool {
        !members(&self.world.mock, &self.world.group)
            .await
            .contains(&self.world.ids[0])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_killed_between_decision_and_call_makes_none_and_the_next_one_does() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let (mut first, mut second) = scene.two_replicas().await;
    let audit = scene.hold_audit().await;
    // An order is written down as well, so that it comes straight into the table.
    scene
        .world
        .sql(&format!(
            "INSERT INTO fleet_order (id, instance_id, action, reason, ordered_by, deadline, expires_at, is_replaced)
             VALUES ('o-1', '{}', 'decommission', 'old', 'me', now(), now() + interval '1 hour', true)",
            scene.world.ids[0]
        ))
        .await;
    scene.until_decided().await;
    first.kill();
    scene.release(&audit).await;
    assert_eq!(scene.recorder.terminations(), 0);
    scene
        .until("another leader", "SELECT epoch FROM leader", 2)
        .await;
    // The new leader waits the length of a lease, and the order was tried a moment ago.
    scene
        .world
        .sql("UPDATE fleet_order SET called_at = NULL")
        .await;
    let state = "SELECT count(*) FROM fleet_order WHERE state = 'done'";
    let began = Instant::now();
    while scene.query(state).await == 0 {
        assert!(began.elapsed() < LIMIT, "the next leader did not act");
        scene
            .world
            .sql("UPDATE fleet_order SET called_at = NULL")
            .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(scene.recorder.terminations(), 1);
    assert!(scene.is_terminated().await);
    second.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_was_stopped_past_its_lease_makes_no_call() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let (mut first, mut second) = scene.two_replicas().await;
    let order = scene.decommission().await;
    let audit = scene.hold_audit().await;
    scene
        .world
        .sql("UPDATE fleet_order SET deadline = now()")
        .await;
    scene.until_decided().await;
    first.stop();
    scene.release(&audit).await;
    // PostgreSQL ends the session of a leader that says nothing, though its process and its connection are there.
    scene
        .until("another leader", "SELECT epoch FROM leader", 2)
        .await;
    // The order is the other's now, and it is taken back before that one may act.
    scene
        .world
        .sql("UPDATE fleet_order SET state = 'cancelled', ended_at = now()")
        .await;
    first.go_on();
    // What it had decided, it now fails to do, and says so.
    let failed = "SELECT count(*) FROM audit WHERE action = 'host.terminate' AND outcome = 'failed' AND detail LIKE 'leader.lost%'";
    scene.until("a refusal", failed, 1).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(scene.recorder.terminations(), 0);
    assert!(!scene.is_terminated().await);
    assert!(order["id"].is_string());
    first.kill();
    second.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_leads_at_a_time_and_the_next_waits_unless_the_lease_was_given_up() {
    let Some(api) = Api::start().await else {
        return;
    };
    // So long that no session ends by itself, and no lease ends while the others wait.
    let long = Duration::from_mins(10);
    let first = Lease::wait(&api.database, long, "a")
        .await
        .expect("nobody leads");
    first.permit().await.expect("it was never led");
    let early = tokio::time::timeout(
        Duration::from_secs(1),
        Lease::wait(&api.database, long, "b"),
    )
    .await;
    assert!(early.is_err(), "two lead");
    first.release().await;
    drop(first);
    let second = Lease::wait(&api.database, long, "b")
        .await
        .expect("nobody leads");
    assert_eq!(second.epoch, 2);
    second.permit().await.expect("the lease was given up");
    // Its session is ended, as by a failover: it cannot act, and the next one waits.
    let client = api.database.client().await.expect("it runs");
    client
        .execute(
            // Of this database alone: other tests lead in others of the same server.
            "SELECT pg_terminate_backend(pid) FROM pg_locks
             WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            &[],
        )
        .await
        .expect("ended");
    let error = second.permit().await.expect_err("it has no session");
    assert!(matches!(error, LeaseError::Session(_)), "{error}");
    let third = Lease::wait(&api.database, long, "c")
        .await
        .expect("nobody leads");
    let error = third
        .permit()
        .await
        .expect_err("the other one may still act");
    assert_eq!(
        error.to_string(),
        "the leader before this one may still act"
    );
    third.renew().await.expect("it leads all the same");
    // A row that another has written is another's, whatever the lock says.
    client
        .execute("UPDATE leader SET epoch = epoch + 1", &[])
        .await
        .expect("written");
    let error = third.renew().await.expect_err("another leads");
    assert!(matches!(error, LeaseError::Superseded), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_says_nothing_for_a_lease_is_ended_by_the_database() {
    let Some(api) = Api::start().await else {
        return;
    };
    let silent = Lease::wait(&api.database, Duration::from_secs(6), "a")
        .await
        .expect("nobody leads");
    tokio::time::sleep(Duration::from_secs(1)).await;
    silent.renew().await.expect("a second is no silence");
    let began = Instant::now();
    let next = tokio::time::timeout(
        LIMIT,
        Lease::wait(&api.database, Duration::from_secs(30), "b"),
    );
    next.await.expect("in time").expect("nobody leads");
    assert!(
        began.elapsed() >= Duration::from_secs(1),
        "the lease was longer"
    );
    silent.renew().await.expect_err("it has no session");
}
