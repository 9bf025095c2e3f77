//! A server with a database of its own, and hosts that speak to it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::http::Method;
use serde_json::{Value, json};
use test_support::skip;
use tokio::net::TcpListener;
use tokio::sync::watch;
use valet_control::access::{self, NewToken, Role};
use valet_control::config::{Config, FleetSettings};
use valet_control::control::Control;
use valet_control::database::{self, Database};
use valet_control::events::EventFeed;
use valet_control::http::{Limits, RateLimits, router, router_with, serve};
use valet_control::identity::Certificates;
use valet_control::keys;
use valet_control::page::PageSettings;
use valet_control::postgres::{PostgresError, Server};
use valet_control::registry::Pulses;
use valet_test_kit::http;
use valet_test_kit::identity::{ACCOUNT, Signer};

pub use crate::agent::Agent;

/// The group of every host.
pub const GROUP: &str = "valet-workers-spot";
/// The region of every host.
pub const REGION: &str = "us-east-1";

/// PostgreSQL. It ends with this process: statics are not dropped, but the server's pipe is closed.
static POSTGRES: OnceLock<Option<Server>> = OnceLock::new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The server of this process, started by whoever asks first.
fn postgres() -> Option<&'static Server> {
    let started = POSTGRES.get_or_init(|| {
        let options = ["fsync=off", "full_page_writes=off", "max_connections=400"];
        match Server::start_temporary(&options) {
            Ok(server) => Some(server),
            Err(PostgresError::Missing) => None,
            Err(error) => panic!("{error}"),
        }
    });
    if started.is_none() {
        skip("PostgreSQL is needed: apt-get install postgresql");
    }
    started.as_ref()
}

/// The key pair that stands for AWS.
pub fn signer() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| make_signer("aws"))
}

/// Another one.
pub fn make_signer(name: &str) -> Signer {
    // Of this process alone: another run may make its own meanwhile.
    let folder = format!("signer-{name}-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    Signer::new(&folder).expect("OpenSSL is there")
}

/// A new database with the current schema; nothing where PostgreSQL is not installed.
pub async fn database() -> Option<(Database, String)> {
    let (database, name) = empty_database().await?;
    database::migrate(&database)
        .await
        .expect("the schema is made");
    Some((database, name))
}

/// A new database without a schema.
pub async fn empty_database() -> Option<(Database, String)> {
    let server = tokio::task::spawn_blocking(postgres)
        .await
        .expect("it does not panic")?;
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let admin = Database::new(&server.address("postgres"), 1).expect("an address");
    let client = admin.dedicated().await.expect("it runs");
    client
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .expect("the database is made");
    let address = server.address(&name);
    let database = Database::new(&address, 8).expect("an address");
    Some((database, name))
}

/// The address of a database for another role.
pub fn address_as(role: &str, name: &str) -> String {
    postgres().expect("it runs").address_as(role, name)
}

/// The fleet that every server hears.
pub fn fleet() -> FleetSettings {
    FleetSettings {
        group: GROUP.to_owned(),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        alerts_topic: None,
        queue: None,
    }
}

/// The first fleet of a control plane, to be changed.
pub fn first_fleet(control: &mut Control) -> &mut FleetSettings {
    &mut Arc::make_mut(&mut control.fleets)[0]
}

/// A running server.
pub struct Api {
    pub control: Control,
    /// The database's address.
    pub location: String,
    pub database: Database,
    pub name: String,
    pub address: SocketAddr,
    pub key: String,
    pub viewer: String,
    pub operator: String,
    pub admin: String,
    stop: watch::Sender<bool>,
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

async fn listen(control: &Control) -> (SocketAddr, watch::Sender<bool>) {
    listen_with(router(control.clone()), Limits::default()).await
}

async fn listen_with(router: Router, limits: Limits) -> (SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("a port");
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(serve(listener, router, limits, stopped));
    (address, stop)
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The problem's code; empty where it is none.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{:#}", self.body);
        self.body
    }
}

impl Api {
    /// Starts it with one fleet; nothing where PostgreSQL is not installed.
    pub async fn start() -> Option<Self> {
        Self::start_with(|_| {}).await
    }

    /// The same with another configuration.
    pub async fn start_with(configure: impl FnOnce(&mut Config)) -> Option<Self> {
        Self::start_changed(configure, |_| {}).await
    }

    /// The same with another control plane.
    pub async fn start_changed(
        configure: impl FnOnce(&mut Config),
        change: impl FnOnce(&mut Control),
    ) -> Option<Self> {
        let (database, name) = database().await?;
        let location = postgres()?.address(&name);
        let mut api = Self::over(database, location, configure, change).await;
        api.name = name;
        Some(api)
    }

    /// The same with a database that has the schema.
    pub async fn over(
        database: Database,
        location: String,
        configure: impl FnOnce(&mut Config),
        change: impl FnOnce(&mut Control),
    ) -> Self {
        let mut config = Config {
            fleets: vec![fleet()],
            ..Config::default()
        };
        configure(&mut config);
        let mut certificates = Certificates::published();
        let pem = std::fs::read_to_string(signer().certificate()).expect("it was made");
        certificates.pin(REGION, &pem).expect("a certificate");
        let mut control = Control::new(database.clone(), certificates, &config);
        change(&mut control);
        valet_control::registry::hear(&database)
            .await
            .expect("it is up");
        let token = async |role| {
            let new = NewToken {
                name: format!("{role:?}"),
                role,
                lifetime_seconds: None,
                loopback_only: false,
            };
            access::create(&database, &new).await.expect("a token").1
        };
        let (viewer, operator, admin) = (
            token(Role::Viewer).await,
            token(Role::Operator).await,
            token(Role::Admin).await,
        );
        let (_, key) = keys::add(&database, None).await.expect("a key");
        let (address, stop) = listen(&control).await;
        Self {
            control,
            location,
            database,
            name: String::new(),
            address,
            key,
            viewer,
            operator,
            admin,
            stop,
        }
    }

    /// Another replica with the same database.
    pub async fn replica(&self) -> Self {
        let control = Control {
            pulses: Pulses::default(),
            events: EventFeed::default(),
            ..self.control.clone()
        };
        let (address, stop) = listen(&control).await;
        Self {
            control,
            location: self.location.clone(),
            database: self.database.clone(),
            name: self.name.clone(),
            address,
            key: self.key.clone(),
            viewer: self.viewer.clone(),
            operator: self.operator.clone(),
            admin: self.admin.clone(),
            stop,
        }
    }

    /// The same with the page's settings of a server that is not on loopback alone: its address, and what ends it.
    pub async fn beside(&self) -> (String, watch::Sender<bool>) {
        let control = Control {
            page: PageSettings::default(),
            ..self.control.clone()
        };
        let (address, stop) = listen(&control).await;
        (format!("http://{address}"), stop)
    }

    /// The same without limits of how often somebody may ask: its address, and what ends it.
    pub async fn unlimited(&self) -> (String, watch::Sender<bool>) {
        let router = router_with(self.control.clone(), RateLimits::unlimited());
        let (address, stop) = listen_with(router, Limits::default()).await;
        (format!("http://{address}"), stop)
    }

    /// The same with limits of its own for connections: its address, and what ends it.
    pub async fn limited(&self, limits: Limits) -> (String, watch::Sender<bool>) {
        let (address, stop) = listen_with(router(self.control.clone()), limits).await;
        (format!("http://{address}"), stop)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends a request with a token.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Answer {
        self.send_with(method, path, token, &[], body).await
    }

    /// The same with more headers.
    pub async fn send_with(
        &self,
        method: Method,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        if !token.is_empty() {
            all.push(("authorization", &bearer));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let response = http::send(method, &self.url(), path, &all, body)
            .await
            .expect("an answer");
        Answer {
            status: response.status,
            body: serde_json::from_str(&response.body).unwrap_or(Value::String(response.body)),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &self.admin, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &self.admin, Some(body)).await
    }

    /// An order by an operator.
    pub async fn order(&self, host: &str, action: &str, reason: &str) -> Answer {
        let path = format!("/api/v1/sandboxes/{host}/{action}");
        self.send(
            Method::POST,
            &path,
            &self.operator,
            Some(json!({ "reason": reason })),
        )
        .await
    }
}
