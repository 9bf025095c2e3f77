//! Hosts that speak.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, Request};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::LASTS;
use crate::hosts::{GROUP, id};

/// Where a host speaks.
pub const PATH: &str = "/api/v1/sandboxes/heartbeat";
/// Connections that the hosts share, each with one request at a time.
pub const CONNECTIONS: usize = 64;

/// What is sent.
pub struct Load {
    hosts: u32,
    /// Heartbeats a second; infinite: as fast as they are answered.
    rate: f64,
    /// How many of a hundred end a session.
    ended_percent: u32,
    /// How many in all; nothing: for [`LASTS`].
    count: Option<u32>,
}

impl Load {
    pub fn at(hosts: u32, rate: f64, ended_percent: u32) -> Self {
        Self {
            hosts,
            rate,
            ended_percent,
            count: None,
        }
    }

    /// Each host once, as fast as it goes.
    pub fn once(hosts: u32) -> Self {
        Self {
            count: Some(hosts),
            ..Self::at(hosts, f64::INFINITY, 0)
        }
    }
}

/// What was measured: the seconds of each that was taken.
#[derive(Debug, Default)]
pub struct Measured {
    pub plain: Vec<f64>,
    pub ended: Vec<f64>,
    pub refused: u32,
    pub seconds: f64,
}

/// Sends all of it.
pub async fn run(address: &str, load: &Load) -> Measured {
    let next = Arc::new(AtomicU32::new(0));
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        tasks.spawn(connection(
            address.to_owned(),
            next.clone(),
            began,
            Load { ..*load },
        ));
    }
    let mut all = Measured::default();
    while let Some(measured) = tasks.join_next().await {
        let measured = measured.expect("no panic");
        all.plain.extend(measured.plain);
        all.ended.extend(measured.ended);
        all.refused += measured.refused;
    }
    all.seconds = began.elapsed().as_secs_f64();
    all
}

async fn connection(address: String, next: Arc<AtomicU32>, began: Instant, load: Load) -> Measured {
    let mut sender = connect(&address).await;
    let mut measured = Measured::default();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let due = began + Duration::from_secs_f64(f64::from(number) / load.rate);
        let is_over = load.count.map_or_else(
            || due.max(Instant::now()) - began > LASTS,
            |count| number >= count,
        );
        if is_over {
            return measured;
        }
        tokio::time::sleep_until(due.into()).await;
        let with_end = number % 100 < load.ended_percent;
        // Measured from when it was due: what waits for a connection waits as well.
        let from = if load.rate.is_finite() {
            due
        } else {
            Instant::now()
        };
        let is_taken = send(&mut sender, &id(number % load.hosts), &heartbeat(with_end)).await;
        let took = from.elapsed().as_secs_f64();
        match (is_taken, with_end) {
            (false, _) => measured.refused += 1,
            (true, false) => measured.plain.push(took),
            (true, true) => measured.ended.push(took),
        }
    }
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
