//! The agent under the control plane as it ships: a real PostgreSQL, the real verifier, real orders.

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use valet_control::access::Actor;
use valet_control::config::{Config, FleetSettings};
use valet_control::control::Control;
use valet_control::database::{self, Database};
use valet_control::http::{Limits, router, serve};
use valet_control::identity::Certificates;
use valet_control::orders::{self, Action, FleetOrder, NewOrder, OrderState};
use valet_control::postgres::{PostgresError, Server};
use valet_control::registry::{self, HostDetail};
use valet_control::tokens;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{Harness, LIMIT};
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::identity::{ACCOUNT, Signer};
use valet_test_kit::imds::Instance;
use valet_test_kit::skip;

use crate::support::{harness, push_running, until_task};

/// The group of the kit's instances.
const GROUP: &str = "valet-workers-spot";

/// The control plane. PostgreSQL ends with it.
struct Registry {
    control: Control,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    background: JoinSet<()>,
    _server: Server,
}

impl Registry {
    /// Starts it with its database; nothing where PostgreSQL is not installed.
    async fn start(signer: &Signer) -> Option<Self> {
        let started = tokio::task::spawn_blocking(|| Server::start_temporary(&["fsync=off"]));
        let server = match started.await.expect("no panic") {
            Ok(server) => server,
            Err(PostgresError::Missing) => {
                skip("PostgreSQL is needed: apt-get install postgresql");
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        let database = Database::new(&server.address("postgres"), 4).expect("an address");
        database::migrate(&database)
            .await
            .expect("the schema is made");
        let instance = Instance::default();
        let config = Config {
            fleets: vec![FleetSettings {
                group: GROUP.to_owned(),
                account: ACCOUNT.to_owned(),
                region: instance.region.clone(),
                alerts_topic: None,
                queue: None,
            }],
            ..Config::default()
        };
        let mut certificates = Certificates::published();
        let pem = std::fs::read_to_string(signer.certificate()).expect("it was made");
        certificates
            .pin(&instance.region, &pem)
            .expect("a certificate");
        let control = Control::new(database, certificates, &config);
        let background = control.start();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("a port");
        let stop = listen(&control, listener);
        Some(Self {
            control,
            address,
            stop,
            background,
            _server: server,
        })
    }

    fn url(&self) -> String {
        format!("http://{}/api/v1/sandboxes/heartbeat", self.address)
    }

    /// Adds a worker key of any length, as the kit's are short.
    async fn add_key(&self, value: &str) {
        let client = self.control.database.client().await.expect("it runs");
        client
            .execute(
                "INSERT INTO worker_key (id, hash) VALUES ($1, $2)",
                &[&value, &tokens::hash(value)],
            )
            .await
            .expect("added");
    }

    async fn host(&self) -> Option<HostDetail> {
        registry::get(&self.control.database, &Instance::default().id)
            .await
            .ok()
    }

    async fn until_host(&self, what: &str, is_so: impl Fn(&HostDetail) -> bool) -> HostDetail {
        let began = std::time::Instant::now();
        loop {
            let host = self.host().await;
            match host {
                Some(host) if is_so(&host) => return host,
                host => assert!(began.elapsed() < LIMIT, "still not so: {what}; {host:#?}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Gives an order and waits until the agent has carried it out.
    async fn order(&self, action: Action) -> FleetOrder {
        let new = NewOrder {
            reason: "the fleet moves".to_owned(),
            within_seconds: None,
            expires_seconds: None,
        };
        let id = Instance::default().id;
        let actor = Actor::command_line();
        let order = orders::give(&self.control, &actor, &id, action, &new);
        let order = order.await.expect("it stands");
        let is_done = |host: &HostDetail| {
            let known = host.orders.iter().find(|known| known.id == order.id);
            known.is_some_and(|known| known.state == OrderState::Done)
        };
        let host = self.until_host("the order is done", is_done).await;
        let order = host.orders.into_iter().find(|known| known.id == order.id);
        order.expect("it is known")
    }

    /// Ends the replica, and starts another at the same address that remembers nothing.
    async fn replace_replica(&mut self) {
        self.stop.send(true).expect("it runs");
        self.background.shutdown().await;
        self.control.pulses = registry::Pulses::default();
        self.background = self.control.start();
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            }
        };
        self.stop = listen(&self.control, listener);
    }
}

fn listen(control: &Control, listener: TcpListener) -> watch::Sender<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(serve(
        listener,
        router(control.clone()),
        Limits::default(),
        stopped,
    ));
    stop
}

fn signer() -> Signer {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("signer-host");
    Signer::new(&folder).expect("OpenSSL is there")
}

async fn world() -> Option<(Harness, Registry)> {
    let signer = signer();
    let registry = Registry::start(&signer).await?;
    let url = registry.url();
    let mut harness = harness(|config| config.heartbeat.url = Some(url)).await?;
    let signed = signer.rsa2048(&Instance::default(), Timestamp::now());
    harness.imds.set_rsa2048(&signed.expect("it is signed"));
    registry.add_key(harness.values.get("WORKER_API_KEY")).await;
    harness.get_ready().await;
    registry
        .until_host("the host is ready", |host| host.host.state == "ready")
        .await;
    Some((harness, registry))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_enrols_drains_by_order_resumes_and_restarts() {
    let Some((mut harness, mut registry)) = world().await else {
        return;
    };
    let task = push_running(&harness, 1, &json!({ "ms": 2000 })).await;
    let running = |host: &HostDetail| {
        host.sessions
            .iter()
            .any(|session| session.ended_at.is_none())
    };
    registry.until_host("the session runs", running).await;
    let drained = registry.order(Action::Drain).await;
    assert!(
        drained.sent_at.is_some() && drained.acknowledged_at.is_some(),
        "{drained:?}"
    );
    until_task(&harness, &task[0], "it completes", TaskRun::is_completed).await;
    let host = registry
        .until_host("it has drained", |host| host.host.state == "stopped")
        .await;
    assert_eq!(host.sessions.len(), 1);
    assert_eq!(host.sessions[0].outcome.as_deref(), Some("finished"));

    registry.order(Action::Resume).await;
    harness.reaches(State::Ready).await;
    let runtime = harness.systemd.main_pid(units::RUNTIME);
    registry.replace_replica().await;
    registry.order(Action::RestartRuntime).await;
    assert_ne!(harness.systemd.main_pid(units::RUNTIME), runtime);

    // The key is rotated, and the agent restarted: it has its token, and needs no key.
    let client = registry.control.database.client().await.expect("it runs");
    client
        .execute("UPDATE worker_key SET valid_to = now()", &[])
        .await
        .expect("updated");
    harness.agent().kill().await.expect("it ran");
    harness.run_agent().expect("the agent starts");
    let before = Timestamp::now();
    registry
        .until_host("the next agent is heard", |host| {
            host.host.seen_at.is_some_and(|seen| seen > before)
        })
        .await;
    let row = client
        .query_one("SELECT count(*) FROM enrolment", &[])
        .await
        .expect("a row");
    assert_eq!(row.get::<_, i64>(0), 1, "it enrolled once");
    let states: Vec<String> = registry
        .host()
        .await
        .expect("it is known")
        .state_changes
        .into_iter()
        .map(|change| change.status)
        .collect();
    for state in ["ready", "draining", "stopped"] {
        assert!(
            states.iter().any(|known| known == state),
            "{state} is missing in {states:?}"
        );
    }
    drop(client);
    harness.end().await;
}
