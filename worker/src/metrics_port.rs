//! `GET /metrics` for Prometheus on a port of loopback, where `metrics.port` names one.
//!
//! Everybody on the host may read it: it has figures, and no text from outside, no task and no secret. So everybody may
//! hold connections, too. Who comes is let in all the same, in place of the one that has been there longest: a scraper
//! sends its request at once and is answered at once, and whoever is still there holds the place of nobody.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;
use valet_protocol::local_api::RefusalReason;

use crate::api::prometheus;
use crate::api::responses::{ApiResponse, refusal, whole};
use crate::host::{Host, Shared};

/// Connections at a time. One scraper needs one; the others are for those that come between its connection and its
/// request. An idle one takes less than 10 KiB.
const MAX_CONNECTIONS: usize = 32;

/// How long a connection is left alone. A scraper's request is mostly there before it is accepted; without this, whoever
/// opens connections fast enough could have it closed before it is read.
const GRACE: Duration = Duration::from_millis(100);

/// How long a connection may last, the request and its response together.
const MAX_DURATION: Duration = Duration::from_secs(5);

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
    accept(host, &listener).await;
}

async fn accept(host: &Shared, listener: &TcpListener) {
    let mut connections = JoinSet::new();
    let mut open = VecDeque::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    make_room(&mut open, &mut connections).await;
                    let served = connections.spawn(connection(host.clone(), stream));
                    open.push_back((Instant::now(), served));
                }
                // Out of file descriptors, most likely: until some are free again.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Ends the oldest connections until there is room for one more. Each is waiting for its peer: a response is written as
/// soon as its request is there.
async fn make_room(open: &mut VecDeque<(Instant, AbortHandle)>, connections: &mut JoinSet<()>) {
    loop {
        open.retain(|(_, served)| !served.is_finished());
        let Some((since, oldest)) = open.front().filter(|_| open.len() >= MAX_CONNECTIONS) else {
            return;
        };
        tokio::select! {
            () = tokio::time::sleep_until(*since + GRACE) => oldest.abort(),
            _ = connections.join_next() => continue,
        }
        open.pop_front();
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

#[cfg(test)]
#[path = "metrics_port_tests.rs"]
mod tests;
