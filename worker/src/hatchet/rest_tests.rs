use axum::Router;
use axum::extract::RawQuery;
use axum::http::HeaderMap;
use axum::response::IntoResponse as _;
use axum::routing::get;
use secrecy::SecretString;

use super::*;
use crate::testing;

/// A client of a server that answers every question about a worker so.
async fn rest(status: u16, body: Value) -> Rest {
    let router = Router::new().route(
        "/api/v1/workers/{id}",
        get(move |headers: HeaderMap| async move {
            assert_eq!(headers["authorization"], "Bearer hush");
            let status = StatusCode::from_u16(status).unwrap();
            (status, axum::Json(body)).into_response()
        }),
    );
    client(router).await
}

async fn client(router: Router) -> Rest {
    let address = testing::serve(router).await;
    let settings = Settings {
        token: SecretString::from("hush"),
        tenant: "t".to_owned(),
        rest: format!("http://{address}"),
        grpc: address.to_string(),
        expires: None,
        tls: None,
    };
    Rest::new(HttpClient::new(), settings)
}

fn ago(seconds: i64) -> String {
    let time = Timestamp::now() - SignedDuration::from_secs(seconds);
    time.to_string()
}

#[tokio::test]
async fn a_worker_is_connected_while_it_is_heard_of() {
    for (status, seconds, connected, paused, given_up) in [
        ("ACTIVE", 3, true, Some(false), false),
        ("PAUSED", 3, true, Some(true), false),
        ("PAUSED", 45, false, Some(true), false),
        ("INACTIVE", 3, false, None, false),
        ("INACTIVE", 45, false, None, true),
        ("ACTIVE", 45, false, Some(false), false),
    ] {
        let body = json!({ "status": status, "lastHeartbeatAt": ago(seconds) });
        let worker = rest(200, body).await.worker("w").await.unwrap();
        let silent = worker.silent.map(|silent| silent.as_secs());
        assert!(silent.is_some_and(|silent| (seconds - 1..=seconds + 1).contains(&silent)));
        let expected = Worker {
            connected,
            paused,
            given_up,
            ..worker
        };
        assert_eq!(worker, expected, "{status} {seconds}");
    }
}

#[tokio::test]
async fn a_worker_that_never_sent_a_heartbeat_is_not_connected() {
    let rest = rest(200, json!({ "status": "ACTIVE" })).await;
    assert!(!rest.worker("w").await.unwrap().connected);
}

#[tokio::test]
async fn slots_in_use_are_tasks_that_run() {
    for (slots, running) in [
        (
            json!({ "default": { "available": 1, "limit": 3 } }),
            Some(2),
        ),
        (
            json!({ "default": { "available": 3, "limit": 3 }, "durable": { "available": 4, "limit": 5 } }),
            Some(1),
        ),
        (json!({ "default": { "limit": 3 } }), None),
        (json!({ "default": { "available": 4, "limit": 3 } }), None),
        (json!({}), None),
    ] {
        let body = json!({ "status": "ACTIVE", "slotConfig": slots });
        let worker = rest(200, body).await.worker("w").await.unwrap();
        assert_eq!(worker.running, running, "{slots}");
    }
}

#[tokio::test]
async fn refusals_are_told_apart() {
    for (status, fault) in [
        (401, RestError::Token),
        (403, RestError::Token),
        (404, RestError::Unknown),
        (429, RestError::TooMany),
    ] {
        let rest = rest(status, json!({ "errors": [] })).await;
        assert_eq!(rest.worker("w").await.unwrap_err(), fault);
    }
    let rest = rest(502, json!({})).await;
    let RestError::Other(words) = rest.worker("w").await.unwrap_err() else {
        panic!("502 has no fault of its own");
    };
    assert!(words.contains("502"), "{words}");
}

/// Hatchet 0.90 selects by status alone.
#[tokio::test]
async fn the_draining_workers_of_another_fleet_do_not_count() {
    let label = |key: &str, value: &str| json!({ "key": key, "value": value });
    let worker = |fleet: &str, adspower: &str| json!({ "status": "PAUSED", "labels": [label("fleet", fleet), label("adspower", adspower)] });
    let rows = json!({ "rows": [
        worker("ours", "draining"), worker("theirs", "draining"), worker("ours", "ready"), json!({}),
    ] });
    let router = Router::new().route(
        "/api/v1/tenants/t/worker",
        get(move || async move { axum::Json(rows) }),
    );
    let labels = [("fleet", "ours"), ("adspower", "draining")];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(client(router).await.draining(&labels).await, Ok(1));
}

#[tokio::test]
async fn the_queue_is_asked_for_by_the_tasks_names() {
    let router = Router::new().route(
        "/api/v1/tenants/t/task-stats",
        get(|RawQuery(query): RawQuery| async move {
            assert_eq!(query.as_deref(), Some("taskNames=a&taskNames=b"));
            axum::Json(json!({ "a": { "queued": { "total": 3, "oldest": ago(90) } } }))
        }),
    );
    let rest = client(router).await;
    let queue = rest.queue(&["a".to_owned(), "b".to_owned()]).await.unwrap();
    assert_eq!(queue.depth, 3);
    // The server's clock, in its Date header, has whole seconds.
    assert!((88.0..=92.0).contains(&queue.oldest_seconds), "{queue:?}");
}

#[test]
fn queues_add_up_and_the_oldest_counts() {
    let now: Timestamp = "2026-11-26T03:00:00Z".parse().unwrap();
    let answer = json!({
        "a": { "queued": { "total": 3, "queues": { "default": 3 }, "oldest": "2026-11-26T02:58:30Z" } },
        "b": { "queued": { "total": 4, "oldest": "2026-11-26T02:59:30Z" }, "running": { "total": 9 } },
        "c": { "running": { "total": 1 } },
    });
    let queue = queue_of(&answer, now);
    assert_eq!((queue.depth, queue.oldest_seconds), (7, 90.0));
    let none = queue_of(&json!({}), now);
    assert_eq!((none.depth, none.oldest_seconds), (0, 0.0));
    let early = json!({ "a": { "queued": { "total": 1, "oldest": "2026-11-26T03:00:05Z" } } });
    assert_eq!(queue_of(&early, now).oldest_seconds, 0.0);
}
