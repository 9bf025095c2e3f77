//! Twenty real agents, each with its own runtime, against the real server as a process of its own: they enrol, their key is
//! rotated under them, and the server is stopped and started again. With `VALET_TEST_DEEP=1`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use test_support::problem::Problem;
use test_support::{folders, is_deep, programs, python, skip};
use valet_protocol::Seconds;
use valet_protocol::config::Config;
use valet_test_kit::harness::Harness;
use valet_test_kit::hatchet::{Engine, Pace};
use valet_test_kit::imds::Instance;
use valet_test_kit::node;

use crate::process::{Process, write_config_at};
use crate::support::{Agent, Api, signer};

/// Each with a runtime takes 150 MB.
const HOSTS: u32 = 20;
/// Hosts that come up at a time: the runtime's start is most of the work.
const STARTING: usize = 4;
/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_mins(5);

/// The agent that the tests of the workspace build; nothing where something is missing.
fn agent() -> Option<PathBuf> {
    let agent = folders::target().join("debug/valet-worker");
    if !agent.exists() {
        skip("target/debug/valet-worker is needed: cargo build -p valet-worker");
        return None;
    }
    if !node::is_there() {
        skip("Node is needed: apt-get install nodejs npm");
        return None;
    }
    if let Err(Problem::Missing(what)) = python::command("python") {
        skip(&what);
        return None;
    }
    programs::are_installed_or_skip(&["dbus-daemon", "openssl"]).then_some(agent)
}

/// The times of a host that does not run alone on its machine, and whose key is read again at once.
fn configure(config: &mut Config, heartbeats: &str) {
    config.heartbeat.url = Some(heartbeats.to_owned());
    for (time, value) in [
        (&mut config.heartbeat.interval_seconds, 2.0),
        (&mut config.rotation.interval_seconds, 2.0),
        (&mut config.notices.interval_seconds, 5.0),
        (&mut config.services.interval_seconds, 5.0),
        (&mut config.metrics.interval_seconds, 30.0),
        (&mut config.start.runtime_seconds, 120.0),
        (&mut config.start.services_seconds, 60.0),
        (&mut config.start.secrets_seconds, 60.0),
        (&mut config.start.identity_seconds, 60.0),
    ] {
        *time = Seconds::try_from(value).expect("a length of time");
    }
}

/// The server, and the hosts that speak to it.
struct Fleet {
    api: Api,
    server: Process,
    hosts: Vec<Harness>,
    folder: tempfile::TempDir,
}

impl Fleet {
    /// Nothing where something is missing.
    async fn start() -> Option<Self> {
        let agent = agent()?;
        let mut api = Api::start().await?;
        let folder = tempfile::tempdir().expect("a folder");
        let config = write_config_at(folder.path(), "127.0.0.1:0");
        let server = Process::start(&api.location, &config, &[]);
        api.address = server.address.parse().expect("an address");
        let engine = Engine::start(Pace::default()).await.expect("a port");
        let mut fleet = Self {
            api,
            server,
            hosts: Vec::new(),
            folder,
        };
        let engine = Arc::new(engine);
        let starting = (1..=HOSTS).map(|number| fleet.host(&agent, number, engine.clone()));
        let hosts = stream::iter(starting)
            .buffer_unordered(STARTING)
            .collect()
            .await;
        fleet.hosts = hosts;
        Some(fleet)
    }

    /// A host whose agent has been started.
    async fn host(&self, agent: &Path, number: u32, engine: Arc<Engine>) -> Harness {
        let instance = Instance {
            id: format!("i-{number:017x}"),
            ..Instance::default()
        };
        let signed = signer().rsa2048(&instance, Timestamp::now());
        let url = format!("{}/api/v1/sandboxes/heartbeat", self.api.url());
        let adjust = |config: &mut Config| configure(config, &url);
        let mut host = Harness::start_member(agent, instance, engine, adjust)
            .await
            .expect("its fakes start");
        host.imds.set_rsa2048(&signed.expect("it is signed"));
        self.put_key(&host, &self.api.key).await;
        host.run_agent().expect("it starts");
        host.reaches(valet_protocol::local_api::State::Ready).await;
        host
    }

    /// Puts a key into the host's secret.
    async fn put_key(&self, host: &Harness, key: &str) {
        host.put_secret("WORKER_API_KEY", key).await.expect("put");
    }

    async fn sql(&self, statement: &str) {
        let client = self.api.database.client().await.expect("it runs");
        client.batch_execute(statement).await.expect(statement);
    }

    /// What a query says of each row's text.
    async fn rows(&self, query: &str) -> BTreeMap<String, String> {
        let client = self.api.database.client().await.expect("it runs");
        let rows = client.query(query, &[]).await.expect(query);
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// The number of each host's last heartbeat.
    async fn numbers(&self) -> BTreeMap<String, i64> {
        let numbers = self.rows("SELECT instance_id, seq::text FROM pulse").await;
        let numbers = numbers.into_iter();
        numbers
            .map(|(host, number)| (host, number.parse().expect("a number")))
            .collect()
    }

    /// Waits until each host has been heard again from now on and takes tasks. None is offline meanwhile.
    async fn all_are_heard(&self, when: &str) {
        let before = self.numbers().await;
        assert_eq!(before.len(), HOSTS as usize, "{when}");
        let began = Instant::now();
        loop {
            let hosts = self.api.get("/api/v1/sandboxes?gone=true").await.ok();
            let states: BTreeMap<&str, &str> = hosts
                .as_array()
                .expect("hosts")
                .iter()
                .filter_map(|host| Some((host["id"].as_str()?, host["state"].as_str()?)))
                .collect();
            let is_lost = |state: &&str| ["offline", "gone"].contains(state);
            assert!(!states.values().any(is_lost), "{when}: {states:?}");
            let now = self.numbers().await;
            let silent: Vec<&String> = before
                .iter()
                .filter(|(host, number)| now[*host] <= **number)
                .map(|(host, _)| host)
                .collect();
            if silent.is_empty() && states.values().all(|state| *state == "ready") {
                assert_eq!(states.len(), HOSTS as usize, "{when}");
                eprintln!("{when}: all are heard after {:?}", began.elapsed());
                return;
            }
            if began.elapsed() >= LIMIT {
                let log = self.hosts[0].agent_log();
                panic!("{when}: not heard: {silent:?}; {states:?}\n{log}");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Ends every token, so that each host has to enrol again, and says which keys the hosts did it with.
    async fn enrol_again(&self, when: &str) -> Vec<String> {
        // The server forgets the hosts that it answers from memory when something is announced of them.
        self.sql(
            "UPDATE worker_key SET used_at = NULL;
             UPDATE enrolment SET expires_at = now() WHERE expires_at > now();
             SELECT pg_notify('hosts', instance_id) FROM sandbox",
        )
        .await;
        let began = Instant::now();
        while self.tokens().await.len() < HOSTS as usize {
            assert!(began.elapsed() < LIMIT, "{when}: somebody does not enrol");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.all_are_heard(when).await;
        let used = self
            .rows("SELECT id, used_at::text FROM worker_key WHERE used_at IS NOT NULL")
            .await;
        used.into_keys().collect()
    }

    /// Tokens that count.
    async fn tokens(&self) -> BTreeMap<String, String> {
        self.rows(
            "SELECT encode(token_hash, 'hex'), instance_id || ' ' || issued_at FROM enrolment WHERE expires_at > now()",
        )
        .await
    }
}

async fn rotate(fleet: &mut Fleet) {
    let keys = fleet.api.get("/api/v1/worker-keys").await.ok();
    let old = keys[0]["id"].as_str().expect("an id").to_owned();
    let reason = json!({ "reason": "rotation" });
    let added = fleet.api.post("/api/v1/worker-keys", reason).await.ok();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let (new, value) = (text(&added["id"]), text(&added["value"]));
    let (first, rest) = fleet.hosts.split_at(HOSTS as usize / 2);
    for host in first {
        fleet.put_key(host, &value).await;
    }
    // Agents read their secrets now and then. Both keys count, and in the end both are used.
    let began = Instant::now();
    loop {
        let used = fleet.enrol_again("half of the fleet has the new key").await;
        assert!(!used.is_empty() && began.elapsed() < LIMIT, "{used:?}");
        if used.len() == 2 {
            break;
        }
    }
    for host in rest {
        fleet.put_key(host, &value).await;
    }
    loop {
        let used = fleet.enrol_again("all of it has").await;
        if used == [new.as_str()] {
            break;
        }
        assert!(began.elapsed() < LIMIT, "{used:?}");
    }
    let retire = json!({ "afterSeconds": 0, "reason": "rotation" });
    let path = format!("/api/v1/worker-keys/{old}/retire");
    fleet.api.post(&path, retire).await.ok();
    assert_eq!(fleet.enrol_again("the old key is gone").await, [new]);
    // It is worth nothing.
    let mut late = Agent::new(HOSTS + 1, SignedDuration::from_secs(30));
    let refused = late.enrol(&fleet.api).await;
    assert_eq!(
        (refused.status, refused.code()),
        (401, "worker-key.refused")
    );
    fleet.api.key = value;
}

/// The server is stopped until every agent has noticed, and started again at the same address.
async fn restart(fleet: &mut Fleet) {
    const REFUSED: &str = "the Valet API does not accept heartbeats";
    let count = |host: &Harness| host.agent_log().matches(REFUSED).count();
    let tokens = fleet.tokens().await;
    let before: Vec<usize> = fleet.hosts.iter().map(count).collect();
    assert!(fleet.server.terminate());
    let began = Instant::now();
    while fleet
        .hosts
        .iter()
        .zip(&before)
        .any(|(host, before)| count(host) <= *before)
    {
        assert!(began.elapsed() < LIMIT, "an agent does not notice");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let config = write_config_at(fleet.folder.path(), &fleet.api.address.to_string());
    fleet.server = Process::start(&fleet.api.location, &config, &[]);
    fleet.all_are_heard("the server is back").await;
    assert_eq!(fleet.tokens().await, tokens, "somebody enrolled again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rotated_under_twenty_real_agents_and_a_server_that_was_away_hears_all_of_them() {
    if !is_deep() {
        return;
    }
    let began = Instant::now();
    let Some(mut fleet) = Fleet::start().await else {
        return;
    };
    fleet.all_are_heard("all have enrolled").await;
    eprintln!("{HOSTS} hosts are up after {:?}", began.elapsed());
    let first = fleet.tokens().await;
    assert_eq!(first.len(), HOSTS as usize);
    rotate(&mut fleet).await;
    restart(&mut fleet).await;
    // Nobody was lost on the way, and nobody became two.
    let hosts = fleet
        .rows("SELECT instance_id, count(*)::text FROM sandbox GROUP BY 1")
        .await;
    assert_eq!(hosts.len(), HOSTS as usize);
}
