//! Hatchet's real engine, as test-support's judges build it from its source, with a PostgreSQL of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use test_support::judges::HATCHET;
use test_support::{is_deep, skip};
use tokio::process::{Child, Command};
use valet_control::postgres::{PostgresError, Server};
use valet_test_kit::http;

use crate::wire::Wire;

/// How long it may take to answer, beside much other work.
const START: Duration = Duration::from_mins(2);

/// The running engine. It ends with this value.
pub struct RealEngine {
    /// The address of its REST API.
    pub rest: String,
    /// That of its dispatcher, a host and a port.
    pub grpc: String,
    /// A token of its tenant. The addresses in it are those of the wires.
    pub token: String,
    /// The ways to it of whoever goes by its token.
    pub wires: [Wire; 2],
    lite: Child,
    database: Server,
    folder: TempDir,
}

impl RealEngine {
    /// Starts it; nothing in a run that is not deep, or where it cannot be built.
    pub async fn start() -> Option<Self> {
        if !is_deep() {
            return None;
        }
        let programs = tokio::task::spawn_blocking(|| {
            let program = HATCHET.program_or_skip("hatchet-lite")?;
            program.parent().map(Path::to_owned)
        });
        let programs = programs.await.expect("no panic")?;
        let started = tokio::task::spawn_blocking(|| {
            Server::start_temporary(&["fsync=off", "timezone=UTC", "max_connections=200"])
        });
        let database = match started.await.expect("no panic") {
            Ok(database) => database,
            Err(PostgresError::Missing) => {
                skip("PostgreSQL is needed: apt-get install postgresql");
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        let folder = TempDir::with_prefix("valet-engine-").expect("a folder");
        let ports = free_ports();
        let wires = [Wire::to(ports[0]).await, Wire::to(ports[1]).await];
        let [rest, grpc] = [ports[0], ports[1]].map(|port| format!("127.0.0.1:{port}"));
        let environment = environment(&database, folder.path(), ports, &wires);
        let run = async |program: &str, arguments: &[&str]| {
            run(
                &programs.join(program),
                arguments,
                &environment,
                folder.path(),
            )
            .await
        };
        run("hatchet-migrate", &[]).await;
        let config = folder.path().join("config").display().to_string();
        run(
            "hatchet-admin",
            &[
                "quickstart",
                "--skip",
                "certs",
                "--generated-config-dir",
                &config,
            ],
        )
        .await;
        let token = run("hatchet-admin", &["token", "create", "--config", &config]).await;
        let token = token.lines().last().unwrap_or_default().trim().to_owned();
        assert!(token.split('.').count() == 3, "no token: {token}");
        let log = File::create(folder.path().join("engine.log")).expect("a log");
        let lite = Command::new(programs.join("hatchet-lite"))
            .args(["--config", &config])
            .current_dir(folder.path())
            .env_clear()
            .envs(&environment)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let engine = Self {
            rest: format!("http://{rest}"),
            grpc,
            token,
            wires,
            lite,
            database,
            folder,
        };
        engine.answers().await;
        Some(engine)
    }

    async fn answers(&self) {
        let began = Instant::now();
        loop {
            let path = "/api/ready";
            let answer = http::send(
                axum::http::Method::GET,
                &self.rest,
                path,
                &[],
                String::new(),
            );
            if answer.await.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            assert!(
                began.elapsed() < START,
                "the engine does not answer:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Ends it, so that nobody listens any more.
    pub async fn stop(&mut self) {
        self.lite.kill().await.expect("it ran");
    }

    /// Has its database carry this out, and returns what it says.
    pub async fn sql(&self, statement: &str) -> String {
        let psql = Command::new("psql")
            .args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet"])
            .args(["--dbname", &self.database.address("postgres")])
            .args(["--command", statement])
            .stdin(Stdio::null())
            .output();
        let output = psql.await.expect("PostgreSQL's client is on PATH");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{statement}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// What it has printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("engine.log")).unwrap_or_default()
    }
}

/// What its programs read. Others reach it by the wires to its first two ports.
fn environment(
    database: &Server,
    folder: &Path,
    ports: [u16; 5],
    wires: &[Wire; 2],
) -> BTreeMap<String, String> {
    let [rest, grpc, health, front, lite] = ports;
    let [rest_wire, grpc_wire] = wires.each_ref().map(|wire| wire.address);
    let assets = folder.join("assets");
    std::fs::create_dir(&assets).expect("made");
    let address = database.address("postgres");
    let value = |name: &str| {
        let prefix = format!("{name}=");
        let mut words = address.split(' ');
        let found = words.find_map(|word| word.strip_prefix(&prefix));
        found.expect("it is part of the address").to_owned()
    };
    let url = format!(
        "postgresql:///{}?host={}&port={}&user={}&sslmode=disable",
        value("dbname"),
        value("host"),
        value("port"),
        value("user")
    );
    let variables = [
        ("PATH", "/usr/bin:/bin".to_owned()),
        ("HOME", folder.display().to_string()),
        ("DATABASE_URL", url),
        ("SERVER_PORT", rest.to_string()),
        ("SERVER_URL", format!("http://{rest_wire}")),
        ("SERVER_HEALTHCHECK_PORT", health.to_string()),
        ("SERVER_GRPC_BIND_ADDRESS", "127.0.0.1".to_owned()),
        ("SERVER_GRPC_PORT", grpc.to_string()),
        ("SERVER_GRPC_INSECURE", "true".to_owned()),
        ("SERVER_GRPC_BROADCAST_ADDRESS", grpc_wire.to_string()),
        (
            "SERVER_INTERNAL_CLIENT_INTERNAL_GRPC_BROADCAST_ADDRESS",
            format!("127.0.0.1:{grpc}"),
        ),
        ("SERVER_AUTH_COOKIE_INSECURE", "true".to_owned()),
        ("SERVER_AUTH_COOKIE_DOMAIN", "127.0.0.1".to_owned()),
        ("SERVER_AUTH_SET_EMAIL_VERIFIED", "true".to_owned()),
        ("SERVER_MSGQUEUE_KIND", "postgres".to_owned()),
        ("SERVER_DEFAULT_ENGINE_VERSION", "V1".to_owned()),
        ("SERVER_SECURITY_CHECK_ENABLED", "false".to_owned()),
        ("LITE_STATIC_ASSET_DIR", assets.display().to_string()),
        ("LITE_FRONTEND_PORT", front.to_string()),
        ("LITE_RUNTIME_PORT", lite.to_string()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    variables.into()
}

fn free_ports() -> [u16; 5] {
    let listeners = [(); 5].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

/// Runs one of its programs and returns what it printed.
async fn run(
    program: &Path,
    arguments: &[&str],
    environment: &BTreeMap<String, String>,
    folder: &Path,
) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("it starts");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{} {arguments:?}: {}\n{printed}{}",
        program.display(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}
