use std::io::Read as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use ciborium::Value;
use flate2::read::GzDecoder;

use super::*;
use crate::testing;

/// CloudWatch, as far as `PutMetricData` over Smithy's RPC v2 goes.
#[derive(Default)]
struct CloudWatch {
    /// How many data each accepted call had.
    accepted: Vec<usize>,
    refused: usize,
    fault: Fault,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Fault {
    #[default]
    None,
    Down,
    Throttling,
    Invalid,
}

type Service = Arc<Mutex<CloudWatch>>;

async fn put(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    let mut service = service.lock().unwrap();
    let body = unpacked(&headers, &body);
    assert!(body.len() <= 1_000_000, "{} bytes", body.len());
    let error = |status, code: &str| {
        let map = Value::Map(vec![(
            Value::Text("__type".to_owned()),
            Value::Text(format!("com.amazonaws.cloudwatch#{code}")),
        )]);
        answer(status, &map)
    };
    if service.fault != Fault::None {
        service.refused += 1;
    }
    match service.fault {
        Fault::Down => error(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
        Fault::Throttling => error(StatusCode::BAD_REQUEST, "Throttling"),
        Fault::Invalid => error(StatusCode::BAD_REQUEST, "InvalidParameterValueException"),
        Fault::None => {
            let call: Value = ciborium::from_reader(&body[..]).unwrap();
            let data = call.as_map().unwrap().iter().find_map(|(key, value)| {
                (key.as_text() == Some("MetricData")).then(|| value.as_array().unwrap().len())
            });
            service.accepted.push(data.unwrap());
            answer(StatusCode::OK, &Value::Map(Vec::new()))
        }
    }
}

/// Bodies of more than 10 KB come compressed.
fn unpacked(headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    if headers.get("content-encoding").is_none() {
        return body.to_vec();
    }
    let mut whole = Vec::new();
    GzDecoder::new(body).read_to_end(&mut whole).unwrap();
    whole
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let mut bytes = Vec::new();
    ciborium::into_writer(body, &mut bytes).unwrap();
    let headers = [
        ("smithy-protocol", "rpc-v2-cbor"),
        ("content-type", "application/cbor"),
    ];
    (status, headers, bytes).into_response()
}

async fn reporter(fault: Fault) -> (Service, Reporter) {
    let service = Service::default();
    service.lock().unwrap().fault = fault;
    let router = Router::new()
        .route(
            "/service/GraniteServiceVersion20100801/operation/PutMetricData",
            post(put),
        )
        .with_state(service.clone());
    let address = testing::serve(router).await;
    let folder = tempfile::tempdir().unwrap();
    let (host, _) = testing::host_with(testing::config(folder.path()), address);
    let reporter = Reporter {
        host: HostFor::of(&host),
        identity: Arc::new(testing::identity()),
        reported: LastReported::default(),
        waiting: Buffer::default(),
        sent: 0,
        failing: false,
    };
    (service, reporter)
}

async fn report(reporter: &mut Reporter) -> MetricDelivery {
    reporter.gather();
    reporter.send().await;
    reporter.account();
    reporter.host.read(|current| current.reports)
}

#[tokio::test]
async fn a_report_is_one_call_with_two_series_of_each() {
    let (service, mut reporter) = reporter(Fault::None).await;
    let reports = report(&mut reporter).await;
    assert_eq!(service.lock().unwrap().accepted, [6]);
    assert_eq!((reports.sent, reports.dropped, reports.waiting), (4, 0, 0));
}

#[tokio::test]
async fn what_cloudwatch_does_not_take_waits_and_goes_with_the_next() {
    for fault in [Fault::Down, Fault::Throttling] {
        let (service, mut reporter) = reporter(fault).await;
        for _ in 0..3 {
            report(&mut reporter).await;
        }
        assert_eq!(reporter.host.read(|current| current.reports.waiting), 12);
        service.lock().unwrap().fault = Fault::None;
        let reports = report(&mut reporter).await;
        assert_eq!(service.lock().unwrap().accepted, [24]);
        assert_eq!((reports.sent, reports.dropped, reports.waiting), (16, 0, 0));
    }
}

#[tokio::test]
async fn what_cloudwatch_will_never_take_is_counted_as_lost() {
    let (service, mut reporter) = reporter(Fault::Invalid).await;
    let reports = report(&mut reporter).await;
    assert_eq!((reports.sent, reports.dropped, reports.waiting), (0, 4, 0));
    assert_eq!(service.lock().unwrap().refused, 1);
}

#[tokio::test]
async fn a_long_outage_is_made_up_for_in_calls_that_cloudwatch_takes() {
    let (service, mut reporter) = reporter(Fault::None).await;
    for _ in 0..300 {
        reporter.gather();
    }
    let reports = report(&mut reporter).await;
    assert_eq!(reports.sent, 1204);
    assert_eq!(service.lock().unwrap().accepted, [750, 750, 306]);
}

#[tokio::test]
async fn the_last_report_goes_out_when_the_agent_ends() {
    let (service, reporter) = reporter(Fault::None).await;
    let host = reporter.host.clone();
    host.edit(|current| {
        current.identity = Some(Arc::new(testing::identity()));
        current.tasks.finished = 1;
        true
    });
    let part = tokio::spawn(run(host.clone()));
    host.ending().cancel();
    part.await.unwrap();
    assert_eq!(host.read(|current| current.reports.sent), 4);
    assert_eq!(service.lock().unwrap().accepted, [6]);
}
