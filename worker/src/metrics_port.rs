//! `GET /metrics` for Prometheus on a port of loopback, where `metrics.port` names one.
//!
//! Everybody on the host may read it: it has figures, and no text from outside, no task and no secret.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use valet_protocol::local_api::RefusalReason;

use crate::api::prometheus;
use crate::api::responses::{ApiResponse, refusal, whole};
use crate::host::{Host, Shared};

/// Connections at a time. One scraper needs one.
const MAX_CONNECTIONS: usize = 8;

/// How long a connection may last.
const MAX_DURATION: Duration = Duration::from_secs(10);

/// Between two tries to open the port.
const RETRY: Duration = Duration::from_mins(1);

/// Serves until the agent exits. A port that cannot be opened is logged and tried again.
pub async fn run(host: Shared) {
    let Some(port) = host.config.metrics.port else {
        return;
    };
    tokio::select! {
        () = serve(&host, port) => {}
        () = host.ending().cancelled() => {}
    }
}

async fn serve(host: &Shared, port: u16) {
    let listener = loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => break listener,
            Err(error) => tracing::error!(port, %error, "the metrics port cannot be opened"),
        }
        tokio::time::sleep(RETRY).await;
    };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(host.clone(), stream));
                }
                // Out of file descriptors, most likely: until some are free again.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(host: Shared, stream: TcpStream) {
    let service = service_fn(move |request| {
        let response = respond(&host, &request);
        async move { Ok::<_, Infallible>(response) }
    });
    let served = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    let _ = tokio::time::timeout(MAX_DURATION, served).await;
}

fn respond(host: &Host, request: &Request<Incoming>) -> ApiResponse {
    if request.uri().path() != "/metrics" {
        return refusal(RefusalReason::NotFound, "this port has /metrics only");
    }
    if request.method() != Method::GET {
        return refusal(
            RefusalReason::MethodNotAllowed,
            "/metrics supports GET only",
        );
    }
    whole(
        StatusCode::OK,
        prometheus::MEDIA_TYPE,
        host.read(prometheus::text),
    )
}
