//! How many heartbeats a replica takes, and how long each waits: `cargo bench -p valet-control`. Beside it stands the
//! floor, a bare server that only writes what it hears. Hosts speak the real contract; both servers have the same
//! PostgreSQL, with its own defaults.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Request};
use axum::routing::post;
use axum::{Json, Router};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use valet_control::config::{Config, FleetSettings};
use valet_control::control::Control;
use valet_control::database::{self, Database};
use valet_control::http::{Limits, router, serve};
use valet_control::identity::Certificates;
use valet_control::postgres::{PostgresError, Server};
use valet_control::tokens;

const GROUP: &str = "workers";
const PATH: &str = "/api/v1/sandboxes/heartbeat";
/// Connections that the hosts share, each with one request at a time.
const CONNECTIONS: usize = 64;
const LASTS: Duration = Duration::from_secs(10);

fn main() {
    let hosts = std::env::var("VALET_BENCH_HOSTS")
        .ok()
        .and_then(|hosts| hosts.parse().ok())
        .unwrap_or(10_000);
    let server = match Server::start_temporary(&["max_connections=100"]) {
        Ok(server) => server,
        Err(PostgresError::Missing) => return println!("not measured: {}", PostgresError::Missing),
        Err(error) => panic!("{error}"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(measure(&server, hosts));
}

async fn measure(server: &Server, hosts: u32) {
    let database = Database::new(&server.address("postgres"), 16).expect("an address");
    database::migrate(&database)
        .await
        .expect("the schema is made");
    add_hosts(&database, hosts).await;
    let config = Config {
        fleets: vec![FleetSettings {
            group: GROUP.to_owned(),
            account: "1".to_owned(),
            region: "r".to_owned(),
            alerts_topic: None,
            queue: None,
        }],
        ..Config::default()
    };
    let control = Control::new(database.clone(), Certificates::published(), &config);
    let _background = control.start();
    while control.pulses.generation().is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let rate = f64::from(hosts) / 30.0;
    println!(
        "{hosts} hosts, {rate:.0} heartbeats/s, {CONNECTIONS} connections, {} s each",
        LASTS.as_secs()
    );
    let (address, _stop) = listen(router(control.clone())).await;
    // Every host is heard once, so that the replica remembers it.
    run(&address, hosts, None, 0, Some(u64::from(hosts))).await;
    report(
        "valet-control, plain",
        &run(&address, hosts, Some(rate), 0, None).await,
    );
    report(
        "valet-control, 40 % with an ended session",
        &run(&address, hosts, Some(rate), 40, None).await,
    );
    report(
        "valet-control, plain, as fast as it goes",
        &run(&address, hosts, None, 0, None).await,
    );
    let (address, _stop) = listen(floor(&database)).await;
    report(
        "the floor, at the same rate",
        &run(&address, hosts, Some(rate), 0, None).await,
    );
    report(
        "the floor, as fast as it goes",
        &run(&address, hosts, None, 0, None).await,
    );
}

async fn add_hosts(database: &Database, hosts: u32) {
    let ids: Vec<String> = (0..hosts).map(id).collect();
    let hashes: Vec<Vec<u8>> = ids.iter().map(|id| tokens::hash(id)).collect();
    let client = database.client().await.expect("it runs");
    client
        .execute(
            "INSERT INTO sandbox (instance_id, account, region, zone, instance_type, image_id, launched_at)
             SELECT id, '1', 'r', 'z', 't', 'a', now() FROM unnest($1::text[]) AS id",
            &[&ids],
        )
        .await
        .expect("added");
    client
        .execute(
            "INSERT INTO enrolment (token_hash, instance_id, boot_id, expires_at)
             SELECT hash, id, 'b', now() + interval '1 day' FROM unnest($1::bytea[], $2::text[]) AS host (hash, id)",
            &[&hashes, &ids],
        )
        .await
        .expect("added");
}

fn id(number: u32) -> String {
    format!("i-{number:017x}")
}

async fn listen(router: Router) -> (String, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("a port").to_string();
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(serve(listener, router, Limits::default(), stopped));
    (address, stop)
}

/// Counts over all runs, so that each heartbeat's number is above those before.
static SEQ: AtomicU32 = AtomicU32::new(0);

fn heartbeat(with_end: bool) -> Value {
    let seq = SEQ.fetch_add(1, Ordering::Relaxed) + 1;
    let ended = json!({ "id": format!("l-{seq}"), "task": "scrape", "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:01:00Z", "outcome": "finished" });
    json!({
        "version": 2, "bootId": "b", "seq": seq, "status": "ready", "cause": "up", "since": "2026-01-01T00:00:00Z",
        "lifecycle": "InService", "group": GROUP, "workerId": "w-1", "slots": 4, "adsPowerStatus": "running",
        "leases": [], "ended": if with_end { vec![ended] } else { vec![] }, "orders": [],
        "versions": { "worker": "1.0.0", "kernel": "6.8" },
    })
}

/// What was measured: seconds of the plain ones and of those with an ended session.
struct Measured {
    plain: Vec<f64>,
    ended: Vec<f64>,
    refused: u32,
    took: f64,
}

/// Sends heartbeats at a rate, or as fast as they are answered; for some time, or so many.
async fn run(
    address: &str,
    hosts: u32,
    rate: Option<f64>,
    ended_percent: u32,
    count: Option<u64>,
) -> Measured {
    let next = Arc::new(AtomicU32::new(0));
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (next, address) = (next.clone(), address.to_owned());
        tasks.spawn(async move {
            let mut sender = connect(&address).await;
            let mut measured = Measured {
                plain: Vec::new(),
                ended: Vec::new(),
                refused: 0,
                took: 0.0,
            };
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let due = began
                    + rate.map_or(Duration::ZERO, |rate| {
                        Duration::from_secs_f64(f64::from(number) / rate)
                    });
                let is_over = count.map_or_else(
                    || due.max(Instant::now()) - began > LASTS,
                    |count| u64::from(number) >= count,
                );
                if is_over {
                    return measured;
                }
                tokio::time::sleep_until(due.into()).await;
                let with_end = number % 100 < ended_percent;
                // Measured from when it was due: what waits for a connection waits as well.
                let from = if rate.is_some() { due } else { Instant::now() };
                let is_taken = send(&mut sender, &id(number % hosts), &heartbeat(with_end)).await;
                let took = from.elapsed().as_secs_f64();
                match (is_taken, with_end) {
                    (false, _) => measured.refused += 1,
                    (true, false) => measured.plain.push(took),
                    (true, true) => measured.ended.push(took),
                }
            }
        });
    }
    let mut all = Measured {
        plain: Vec::new(),
        ended: Vec::new(),
        refused: 0,
        took: 0.0,
    };
    while let Some(measured) = tasks.join_next().await {
        let measured = measured.expect("no panic");
        all.plain.extend(measured.plain);
        all.ended.extend(measured.ended);
        all.refused += measured.refused;
    }
    all.took = began.elapsed().as_secs_f64();
    all
}

async fn connect(address: &str) -> SendRequest<Body> {
    let stream = TcpStream::connect(address).await.expect("it listens");
    stream.set_nodelay(true).expect("it is TCP");
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .expect("it speaks HTTP");
    tokio::spawn(connection);
    sender
}

async fn send(sender: &mut SendRequest<Body>, token: &str, body: &Value) -> bool {
    let request = Request::builder()
        .method(Method::POST)
        .uri(PATH)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(body.to_string()))
        .expect("a request");
    let response = sender.send_request(request).await.expect("an answer");
    let is_taken = response.status().is_success();
    axum::body::to_bytes(Body::new(response.into_body()), usize::MAX)
        .await
        .expect("a body");
    is_taken
}

/// A server that reads the same bodies and writes one statement every 250 ms, and does nothing else.
fn floor(database: &Database) -> Router {
    type Heard = Arc<std::sync::Mutex<std::collections::BTreeMap<String, i64>>>;
    let heard = Heard::default();
    let (written, database) = (heard.clone(), database.clone());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let heard = std::mem::take(&mut *written.lock().expect("no panic"));
            let (ids, numbers): (Vec<String>, Vec<i64>) = heard.into_iter().unzip();
            let client = database.client().await.expect("it runs");
            let update = "UPDATE pulse SET seq = heard.seq, seen_at = now() FROM unnest($1::text[], $2::bigint[]) AS heard (id, seq) WHERE instance_id = id";
            client
                .execute(update, &[&ids, &numbers])
                .await
                .expect("written");
        }
    });
    let hear = async |State(heard): State<Heard>,
                      headers: axum::http::HeaderMap,
                      Json(body): Json<Value>| {
        let token = headers["authorization"]
            .to_str()
            .expect("text")
            .trim_start_matches("Bearer ")
            .to_owned();
        heard
            .lock()
            .expect("no panic")
            .insert(token, body["seq"].as_i64().expect("a number"));
        Json(json!({}))
    };
    Router::new().route(PATH, post(hear)).with_state(heard)
}

fn report(name: &str, measured: &Measured) {
    let count = measured.plain.len() + measured.ended.len();
    println!(
        "{name}: {:.0}/s, {} refused",
        count as f64 / measured.took,
        measured.refused
    );
    for (kind, times) in [
        ("plain", &measured.plain),
        ("with an ended session", &measured.ended),
    ] {
        if !times.is_empty() {
            let mut times = times.clone();
            times.sort_by(f64::total_cmp);
            let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize] * 1000.0;
            println!(
                "    {kind}: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
                at(0.5),
                at(0.99),
                at(1.0)
            );
        }
    }
}
