use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hatchet_proto::prost::Message as _;
use hatchet_proto::root::{UpsertWorkerLabelsRequest, WorkerUnsubscribeRequest};
use http_body_util::StreamBody;
use hyper::body::Frame;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::Instant;
use valet_protocol::local_api::{Registration, State as HostState};

use super::*;
use crate::state::DrainStage;
use crate::testing;

/// How long a pause of the worker may take: above what a host that leaves waits between two tries, and below what another may.
const PAUSE_TIMEOUT: Duration = Duration::from_secs(5);

/// An engine: what it was told, and how it answers.
#[derive(Default)]
struct Engine {
    paused: BTreeMap<String, bool>,
    labels: Vec<(Instant, BTreeMap<String, Value>)>,
    unsubscribed: Vec<String>,
    questions: usize,
    failing: bool,
}

type Shared = Arc<Mutex<Engine>>;

fn router(engine: Shared) -> Router {
    Router::new()
        .route("/api/v1/workers/{id}", get(worker).patch(pause))
        .route("/api/v1/tenants/t/task-stats", get(statistics))
        .route("/Dispatcher/UpsertWorkerLabels", post(upsert))
        .route("/Dispatcher/Unsubscribe", post(unsubscribe))
        .route("/", post(group))
        .with_state(engine)
}

async fn worker(State(engine): State<Shared>, Path(id): Path<String>) -> Response {
    let mut engine = engine.lock().unwrap();
    engine.questions += 1;
    if engine.failing {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let paused = engine.paused.get(&id).copied().unwrap_or_default();
    let status = if paused { "PAUSED" } else { "ACTIVE" };
    Json(json!({ "status": status, "lastHeartbeatAt": Timestamp::now().to_string() }))
        .into_response()
}

async fn pause(
    State(engine): State<Shared>,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let mut engine = engine.lock().unwrap();
    engine.questions += 1;
    if engine.failing {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let paused = body["isPaused"].as_bool().unwrap();
    engine.paused.insert(id, paused);
    Json(json!({})).into_response()
}

async fn statistics(State(engine): State<Shared>) -> Response {
    engine.lock().unwrap().questions += 1;
    let oldest = Timestamp::now().to_string();
    Json(json!({ "apply-to-job": { "queued": { "total": 4, "oldest": oldest } } })).into_response()
}

async fn upsert(State(engine): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let mut engine = engine.lock().unwrap();
    engine.questions += 1;
    if engine.failing {
        return grpc(14);
    }
    assert!(
        headers["authorization"]
            .to_str()
            .unwrap()
            .starts_with("Bearer e30.")
    );
    let request = UpsertWorkerLabelsRequest::decode(&body[5..]).unwrap();
    let labels = request.labels.into_iter().map(|(key, label)| {
        let value = match (label.int_value, label.str_value) {
            (Some(number), None) => json!(number),
            (None, Some(text)) => json!(text),
            other => panic!("{other:?}"),
        };
        (key, value)
    });
    let labels = labels.collect();
    engine.labels.push((Instant::now(), labels));
    grpc(0)
}

async fn unsubscribe(State(engine): State<Shared>, body: Bytes) -> Response {
    let request = WorkerUnsubscribeRequest::decode(&body[5..]).unwrap();
    engine.lock().unwrap().unsubscribed.push(request.worker_id);
    grpc(0)
}

/// Auto Scaling's answer: of the group's instances one is in service and one is not.
async fn group(body: String) -> Response {
    let asked = "AutoScalingGroupNames.member.1=valet-test";
    assert!(
        body.contains("Action=DescribeAutoScalingGroups") && body.contains(asked),
        "{body}"
    );
    let member = |id, state| {
        format!(
            "<member><InstanceId>{id}</InstanceId><AvailabilityZone>us-east-1a</AvailabilityZone>\
             <LifecycleState>{state}</LifecycleState><HealthStatus>Healthy</HealthStatus>\
             <ProtectedFromScaleIn>false</ProtectedFromScaleIn></member>"
        )
    };
    let members = [
        member("i-0123456789abcdef0", "InService"),
        member("i-00000000000000001", "Pending"),
    ];
    format!(
        "<DescribeAutoScalingGroupsResponse \
         xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\">\
         <DescribeAutoScalingGroupsResult><AutoScalingGroups><member>\
         <AutoScalingGroupName>valet-test</AutoScalingGroupName><MinSize>0</MinSize>\
         <MaxSize>9</MaxSize><DesiredCapacity>2</DesiredCapacity>\
         <DefaultCooldown>300</DefaultCooldown><HealthCheckType>EC2</HealthCheckType>\
         <CreatedTime>2026-01-01T00:00:00Z</CreatedTime><AvailabilityZones/>\
         <Instances>{}</Instances></member></AutoScalingGroups>\
         </DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>",
        members.concat()
    )
    .into_response()
}

/// A call's answer: an empty message, and the status behind it.
fn grpc(status: u16) -> Response {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", status.into());
    let frames = [
        Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(&[0; 5]))),
        Ok(Frame::trailers(trailers)),
    ];
    let body = StreamBody::new(futures_util::stream::iter(frames));
    let headers = [("content-type", "application/grpc")];
    (headers, Body::new(body)).into_response()
}

fn token(address: SocketAddr, expires: i64) -> SecretString {
    let claims = json!({
        "sub": "t",
        "server_url": format!("http://{address}"),
        "grpc_broadcast_address": address.to_string(),
        "exp": expires,
    });
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    SecretString::from(format!("e30.{claims}.c2ln"))
}

const A_DAY: i64 = 24 * 3600;

struct Room {
    engine: Shared,
    host: crate::host::Shared,
}

impl Room {
    /// A host that works, and a token that ends in so many seconds.
    async fn new(expires_in: i64) -> Self {
        testing::provider();
        let engine = Shared::default();
        let address = testing::serve(router(engine.clone())).await;
        let mut config = testing::config(std::path::Path::new("/nowhere"));
        config.metrics.interval_seconds = 0.1.try_into().unwrap();
        let (host, _) = testing::host_with(config, address);
        let token = token(address, Timestamp::now().as_second() + expires_in);
        HostFor::<part::Secrets>::of(&host)
            .keep_secrets(BTreeMap::from([(TOKEN.to_owned(), token)]));
        host.edit(|current| {
            current.secrets_ready = true;
            current.identity = Some(Arc::new(testing::identity()));
            current.state = HostState::Ready;
            true
        });
        tokio::spawn(run(HostFor::of(&host)));
        Self { engine, host }
    }

    fn register(&self, worker: &str) {
        self.host.edit(|current| {
            current.runtime.registration = Some(Registration {
                worker_id: worker.to_owned(),
                pid: 1,
                slots: 5,
            });
            true
        });
    }

    async fn until(&self, so: impl Fn(&Engine) -> bool) {
        let timeout = Instant::now() + Duration::from_secs(10);
        while !so(&self.engine.lock().unwrap()) {
            assert!(Instant::now() < timeout, "it did not become so");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn capacities(&self) -> Vec<Value> {
        let engine = self.engine.lock().unwrap();
        let labels = engine.labels.iter();
        labels
            .map(|(_, labels)| labels["capacity"].clone())
            .collect()
    }
}

#[tokio::test]
async fn a_worker_that_registers_is_labelled_and_looked_at() {
    let room = Room::new(A_DAY * 30).await;
    room.register("one");
    room.until(|engine| engine.labels.len() == 1).await;
    assert_eq!(room.capacities(), [json!(5)]);
    room.host
        .wait_until(|current| current.hatchet.connection == Connection::Connected)
        .await;
    room.register("two");
    room.until(|engine| engine.labels.len() == 2).await;
}

#[tokio::test]
async fn many_leases_make_few_calls() {
    let room = Room::new(A_DAY * 30).await;
    room.register("one");
    room.until(|engine| engine.labels.len() == 1).await;
    for leases in (0..100).map(|count| count % 5) {
        room.host.edit(|current| {
            current.leases = leases;
            true
        });
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // A slow machine may take more than the second in which they are one call.
    room.until(|engine| {
        engine
            .labels
            .last()
            .is_some_and(|(_, labels)| labels["capacity"] == 1)
    })
    .await;
    let engine = room.engine.lock().unwrap();
    assert!(engine.labels.len() >= 2);
    for pair in engine.labels.windows(2) {
        let apart = pair[1].0 - pair[0].0;
        assert!(apart >= Duration::from_millis(900), "{apart:?}");
    }
}

#[tokio::test]
async fn a_drain_pauses_and_labels_at_once_and_leaves_last() {
    let room = Room::new(A_DAY * 30).await;
    room.register("one");
    room.until(|engine| engine.labels.len() == 1).await;
    let began = Instant::now();
    room.host.edit(|current| {
        current.state = HostState::Draining;
        current.drain = Some(testing::drain());
        true
    });
    room.host
        .wait_until(|current| current.hatchet.paused.as_deref() == Some("one"))
        .await;
    room.until(|engine| engine.labels.len() == 2).await;
    assert!(began.elapsed() < PAUSE_TIMEOUT);
    {
        let engine = room.engine.lock().unwrap();
        let (_, labels) = &engine.labels[1];
        assert_eq!(labels["capacity"], json!(0));
        assert_eq!(labels["adspower"], json!("draining"));
        assert_eq!(engine.unsubscribed, Vec::<String>::new());
    }
    room.host.edit(|current| {
        current.runtime.registration = None;
        current.drain.as_mut().unwrap().stage = DrainStage::Finished;
        true
    });
    room.host
        .wait_until(|current| current.hatchet.unsubscribed.as_deref() == Some("one"))
        .await;
    assert_eq!(room.engine.lock().unwrap().unsubscribed, ["one"]);
}

#[tokio::test]
async fn a_pause_is_tried_until_hatchet_takes_it() {
    let room = Room::new(A_DAY * 30).await;
    room.register("one");
    room.until(|engine| engine.labels.len() == 1).await;
    room.engine.lock().unwrap().failing = true;
    room.host.edit(|current| {
        current.drain = Some(testing::drain());
        true
    });
    let asked = room.engine.lock().unwrap().questions;
    room.until(|engine| engine.questions > asked + 4).await;
    room.engine.lock().unwrap().failing = false;
    let back = Instant::now();
    room.host
        .wait_until(|current| current.hatchet.paused.is_some())
        .await;
    assert!(back.elapsed() < PAUSE_TIMEOUT);
    room.host.edit(|current| current.drain.take().is_some());
    room.until(|engine| engine.paused.get("one") == Some(&false))
        .await;
}

#[tokio::test]
async fn a_worker_that_an_earlier_agent_paused_goes_on() {
    let room = Room::new(A_DAY * 30).await;
    room.engine
        .lock()
        .unwrap()
        .paused
        .insert("one".to_owned(), true);
    room.register("one");
    room.until(|engine| !engine.paused["one"]).await;
}

#[tokio::test]
async fn a_token_that_has_ended_is_said_and_not_used() {
    let room = Room::new(-1).await;
    room.register("one");
    room.host
        .wait_until(|current| current.hatchet.connection == Connection::Disconnected)
        .await;
    let detail = room.host.read(|current| current.hatchet.detail.clone());
    assert!(detail.contains("HATCHET_CLIENT_TOKEN expired"), "{detail}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(room.engine.lock().unwrap().questions, 0);
}

#[tokio::test]
async fn a_token_that_ends_is_noticed_and_a_new_one_used() {
    let room = Room::new(2).await;
    room.register("one");
    room.until(|engine| engine.labels.len() == 1).await;
    room.host
        .wait_until(|current| current.hatchet.detail.contains("expired"))
        .await;
    let address = {
        let old = room.host.secret(TOKEN).unwrap();
        let settings = Settings::read(&old, valet_protocol::config::Tls::None, |_| None).unwrap();
        settings.grpc.parse().unwrap()
    };
    let new = token(address, Timestamp::now().as_second() + A_DAY);
    HostFor::<part::Secrets>::of(&room.host)
        .keep_secrets(BTreeMap::from([(TOKEN.to_owned(), new)]));
    room.host.edit(|current| {
        current
            .secret_versions
            .insert(TOKEN.to_owned(), "2".to_owned());
        true
    });
    room.host
        .wait_until(|current| current.hatchet.connection == Connection::Connected)
        .await;
    room.until(|engine| engine.labels.len() == 2).await;
}

#[tokio::test]
async fn an_instance_counts_its_fleet_and_asks_in_its_turns() {
    let room = Room::new(A_DAY * 30).await;
    room.host
        .wait_until(|current| current.queue.is_some())
        .await;
    let queue = room.host.read(|current| current.queue).unwrap();
    assert_eq!(queue.depth, 4);
    let identity = testing::identity();
    let place = crate::hatchet::fleet::Fleet::default()
        .place(&room.host, &identity)
        .await;
    assert_eq!(place.size, 1);
    // Alone in its fleet it has a turn every two seconds, without a worker one question in each.
    let before = room.engine.lock().unwrap().questions;
    tokio::time::sleep(Duration::from_millis(4100)).await;
    let asked = room.engine.lock().unwrap().questions - before;
    assert!((1..=3).contains(&asked), "{asked}");
}
