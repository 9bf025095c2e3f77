use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State as Of;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use valet_protocol::local_api::State;

use super::*;
use crate::drain::command::DrainCommand;
use crate::heartbeat::client::{KEY, WakeReason};
use crate::host::HostFor;
use crate::state::{DrainSource, part};
use crate::testing;

#[derive(Default)]
struct Api {
    heard: Vec<(Instant, Value)>,
    answer: Value,
    failing: Option<u16>,
    refused: usize,
}

type Service = Arc<Mutex<Api>>;

async fn heartbeat(Of(api): Of<Service>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut api = api.lock().unwrap();
    if let Some(status) = api.failing {
        api.refused += 1;
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    assert_eq!(headers["authorization"], "Bearer hush");
    assert_eq!(headers["content-type"], "application/json");
    api.heard.push((Instant::now(), body));
    Json(api.answer.clone()).into_response()
}

struct Room {
    api: Service,
    host: Shared,
    orders: mpsc::Receiver<DrainCommand>,
    part: tokio::task::JoinHandle<()>,
}

impl Room {
    /// A host that says every 100 ms how it is.
    async fn new(answer: Value) -> Self {
        Self::every(0.1, answer).await
    }

    /// A host that says so at this interval, in seconds.
    async fn every(interval: f64, answer: Value) -> Self {
        testing::provider();
        let api = Service::default();
        api.lock().unwrap().answer = answer;
        let router = Router::new()
            .route("/beat", post(heartbeat))
            .with_state(api.clone());
        let address = testing::serve(router).await;
        let mut config = testing::config(std::path::Path::new("/nowhere"));
        config.heartbeat.url = Some(format!("http://{address}/beat"));
        config.heartbeat.interval_seconds = interval.try_into().unwrap();
        let (host, orders) = testing::host_with(config, address);
        HostFor::<part::Secrets>::of(&host).keep_secrets(BTreeMap::from([(
            KEY.to_owned(),
            SecretString::from("hush\n"),
        )]));
        let part = tokio::spawn(run(host.clone()));
        Self {
            api,
            host,
            orders,
            part,
        }
    }

    fn begin(&self) {
        self.host.edit(|current| {
            current.identity = Some(Arc::new(testing::identity()));
            current.secrets_ready = true;
            true
        });
    }

    async fn heard(&self, count: usize) -> Vec<(Instant, Value)> {
        let timeout = Instant::now() + Duration::from_secs(10);
        loop {
            let heard = self.api.lock().unwrap().heard.clone();
            if heard.len() >= count {
                return heard;
            }
            assert!(Instant::now() < timeout, "{} were heard", heard.len());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

#[tokio::test]
async fn the_first_goes_out_as_soon_as_there_is_a_key_and_a_name() {
    // No other one comes while this test waits.
    let room = Room::every(60.0, json!({})).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(room.api.lock().unwrap().heard.is_empty());
    room.begin();
    let heard = room.heard(1).await;
    assert_eq!(heard[0].1["instanceId"], "i-0123456789abcdef0");
}

#[tokio::test]
async fn they_keep_their_rhythm() {
    let room = Room::new(json!({})).await;
    room.begin();
    let heard = room.heard(6).await;
    let first_to_last = heard[5].0 - heard[0].0;
    // None is early, and a busy machine may be late with each.
    let expected = Duration::from_millis(440)..Duration::from_secs(5);
    assert!(expected.contains(&first_to_last), "{first_to_last:?}");
}

#[tokio::test]
async fn an_order_counts_once_however_often_it_is_repeated() {
    let mut room = Room::new(json!({ "drain": { "cause": "a new image" } })).await;
    room.begin();
    let Some(DrainCommand::Drain {
        source,
        cause,
        deadline,
    }) = room.orders.recv().await
    else {
        panic!("no drain");
    };
    assert_eq!(
        (source, cause.as_str()),
        (DrainSource::ValetApi, "a new image")
    );
    assert_eq!(deadline, None);
    room.heard(4).await;
    assert!(room.orders.try_recv().is_err());
    room.api.lock().unwrap().answer = json!({ "resume": true });
    let order = room.orders.recv().await;
    assert!(
        matches!(order, Some(DrainCommand::Resume { .. })),
        "{order:?}"
    );
    room.api.lock().unwrap().answer = json!({ "drain": { "withinSeconds": 60 } });
    let Some(DrainCommand::Drain { deadline, .. }) = room.orders.recv().await else {
        panic!("no second drain");
    };
    let left = deadline.unwrap().left();
    assert!(left > Duration::from_secs(50) && left <= Duration::from_mins(1));
}

#[tokio::test]
async fn an_api_that_is_down_is_left_alone_more_and_more_and_found_again() {
    let room = Room::new(json!({})).await;
    room.api.lock().unwrap().failing = Some(503);
    room.begin();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let refused = room.api.lock().unwrap().refused;
    // At the usual pace there would have been thirty.
    assert!((3..=25).contains(&refused), "{refused}");
    room.api.lock().unwrap().failing = None;
    room.heard(3).await;
    assert_eq!(room.host.read(|current| current.state), State::Starting);
}

#[tokio::test]
async fn the_end_is_said() {
    let room = Room::new(json!({})).await;
    room.begin();
    room.heard(1).await;
    HostFor::<part::Drain>::of(&room.host).transition(State::Stopped, "a test");
    room.host.ending().cancel();
    room.part.await.unwrap();
    let heard = room.api.lock().unwrap().heard.clone();
    assert_eq!(heard.last().unwrap().1["status"], "stopped");
}

#[tokio::test]
async fn a_change_of_state_does_not_wait_for_the_next_one() {
    let host = {
        let room = Room::new(json!({})).await;
        room.host.clone()
    };
    let client = ApiClient {
        host: host.clone(),
        url: String::new(),
        identity: Arc::new(testing::identity()),
        versions: message::versions(),
        schedule: Schedule::new(Duration::from_secs(30)),
    };
    let began = Instant::now();
    HostFor::<part::Drain>::of(&host).transition(State::Draining, "a test");
    let changed = |current: &crate::state::HostState| current.state != State::Starting;
    let woken = client.pause(Duration::from_secs(30), changed).await;
    assert_eq!(woken, WakeReason::Due);
    let waited = began.elapsed();
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    assert!(waited >= Duration::from_millis(900), "{waited:?}");
}
