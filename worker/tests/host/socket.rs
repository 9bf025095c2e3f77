//! The agent's socket under somebody who means no good, or does no good.

use std::path::Path;
use std::time::Duration;

use axum::http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use valet_protocol::local_api::State;
use valet_test_kit::harness::Harness;
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::http;

use crate::support::{push, push_running, ready_world, until_task};

/// Requests in all, and how many clients send them at a time.
const REQUESTS: usize = 10_000;
const CLIENTS: usize = 20;

/// Resident memory of the agent's process in bytes.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kibibytes
        .and_then(|text| text.parse::<u64>().ok())
        .expect("a figure")
        * 1024
}

/// The statuses of requests with this body, over connections of their own.
async fn flood(harness: &Harness, body: &'static str) -> Vec<u16> {
    let socket = Path::new(&harness.config.paths.socket).to_owned();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let socket = socket.clone();
            tokio::spawn(async move {
                let mut statuses = Vec::new();
                for _ in 0..REQUESTS / CLIENTS {
                    let path = "/v1/leases";
                    let answer = http::send_to_socket(Method::POST, &socket, path, body.to_owned());
                    statuses.push(answer.await.map_or(0, |answer| answer.status));
                }
                statuses
            })
        })
        .collect();
    let mut statuses = Vec::new();
    for client in clients {
        statuses.extend(client.await.expect("it does not panic"));
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_malformed_requests_change_nothing() {
    let Some(mut harness) = ready_world(|_| {}).await else {
        return;
    };
    let running = push_running(&harness, 2, &json!({ "ms": 3000 })).await;
    let pid = harness.agent().pid();
    let before = memory(pid);
    let statuses = flood(&harness, "{\"task\": [[[[").await;
    assert_eq!(statuses.len(), REQUESTS);
    let odd: Vec<&u16> = statuses
        .iter()
        .filter(|status| !matches!(status, 400 | 503))
        .collect();
    assert!(
        odd.is_empty(),
        "{} answers are neither 400 nor 503: {:?}",
        odd.len(),
        odd.first()
    );
    assert!(statuses.contains(&400));
    let grown = memory(pid).saturating_sub(before);
    assert!(grown < 4 << 20, "{grown} bytes more than before");

    for task in running {
        until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
        assert_eq!(
            harness.engine.task(&task).map(|task| task.attempts.len()),
            Some(1)
        );
    }
    let status = harness.status().await.expect("the agent answers");
    assert_eq!((status.state, status.leases), (State::Ready, 0));
    let log = harness.agent_log();
    assert!(log.len() < 1 << 20, "the log has {} bytes", log.len());
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_or_never_ends_holds_nobody_up() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let socket = Path::new(&harness.config.paths.socket);
    let mut held = Vec::new();
    for beginning in [
        &b"\x00\xff\x16\x03\x01 this is no HTTP\r\n\r\n"[..],
        b"POST /v1/leases HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n{",
        b"POST /v1/leases HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n{",
        b"GET /v1/status HTTP/1.1\r\n",
    ] {
        let mut stream = UnixStream::connect(socket)
            .await
            .expect("it takes connections");
        stream.write_all(beginning).await.expect("it is written");
        held.push(stream);
    }
    let large = format!("{{\"task\":\"{}\"}}", "x".repeat(1 << 20));
    let answer = harness.ask(Method::POST, "/v1/leases", &large).await;
    // Refused by its length, before or while it arrives.
    assert!(
        answer.as_ref().map_or(true, |answer| answer.status == 413),
        "{answer:?}"
    );
    let task = push(&harness, Duration::from_millis(200));
    until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
    // What was never finished is answered or closed in the end.
    for mut stream in held.into_iter().take(3) {
        let ended = tokio::time::timeout(Duration::from_secs(20), async {
            let mut answer = vec![0; 1024];
            stream.read(&mut answer).await
        });
        assert!(ended.await.is_ok(), "a connection is held for ever");
    }
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runtime_keeps_its_connection_when_all_others_are_taken() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let socket = Path::new(&harness.config.paths.socket);
    let running = push_running(&harness, 1, &json!({ "ms": 2000 })).await;
    let mut held = Vec::new();
    for _ in 0..200 {
        held.extend(UnixStream::connect(socket).await);
    }
    let next = push(&harness, Duration::from_millis(200));
    for task in [&running[0], &next] {
        until_task(&harness, task, "it completes", TaskRun::is_completed).await;
    }
    let busy = harness
        .ask(Method::GET, "/v1/status", "")
        .await
        .expect("it is answered");
    assert_eq!(busy.status, 503, "{}", busy.body);
    drop(held);
    harness.reaches(State::Ready).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_for_a_connection_that_closes_at_once_is_refused() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    for (version, header) in [("1.1", "Connection: close\r\n"), ("1.0", "")] {
        let mut stream = UnixStream::connect(&harness.config.paths.socket)
            .await
            .expect("the agent listens");
        let request = format!(
            "POST /v1/leases HTTP/{version}\r\nHost: x\r\n{header}Content-Length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut response = String::new();
        let _ = stream.read_to_string(&mut response).await;
        assert!(response.contains(" 400 "), "{response}");
        assert!(
            response.contains("a lease ends with its connection"),
            "{response}"
        );
    }
    let status = harness.status().await.expect("the agent answers");
    assert_eq!(status.leases, 0);
    harness.end().await;
}
