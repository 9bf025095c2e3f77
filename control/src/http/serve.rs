//! Connections: how many, how long they may take to say something, and how much.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt as _;

use super::timed_body::TimedBody;
use super::timed_stream::TimedStream;

/// What a client may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time. Those above wait in the kernel's queue.
    pub connections: usize,
    /// Those of one address at a time; more are closed at once. A whole fleet may have one address.
    pub connections_of_address: usize,
    /// Until a request's head is there.
    pub head: Duration,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Until a request's body is there, from when its head is.
    pub body: Duration,
    /// Until the peer takes something of a response.
    pub write: Duration,
    /// Until what is under way is cut at the end.
    pub drain: Duration,
}

impl Limits {
    /// Those of the API.
    pub const DEFAULT: Self = Self {
        connections: 20_000,
        connections_of_address: usize::MAX,
        head: Duration::from_secs(75),
        head_bytes: 16 * 1024,
        headers: 64,
        body: Duration::from_secs(30),
        write: Duration::from_mins(1),
        drain: Duration::from_secs(10),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Serves until `stop` says `true`, then lets what is under way come to its end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let addresses = Addresses::default();
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: the ones that are open end sooner or later.
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(of_address) = addresses.enter(peer.ip(), limits.connections_of_address) else {
            continue;
        };
        let router = router.clone();
        let stop = stop.clone();
        tokio::spawn(async move {
            connection(stream, peer, router, limits, stop).await;
            drop((place, of_address));
        });
    }
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(limits.drain, places.acquire_many(all)).await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    // For what the kernel has taken and the peer has not: few events fit there, and writing them never waits.
    let millis = u32::try_from(limits.write.as_millis()).unwrap_or(u32::MAX);
    let _ = set_tcp_user_timeout(&stream, millis);
    let service = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(|body| Body::new(TimedBody::new(body, limits.body)))
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes)
        .max_headers(limits.headers)
        .serve_connection(
            TokioIo::new(TimedStream::new(stream, limits.write)),
            TowerToHyperService::new(service),
        );
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone says the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// How many connections each address has.
#[derive(Clone, Default)]
struct Addresses(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// A connection of an address, for as long as it is open.
struct OfAddress {
    addresses: Addresses,
    address: IpAddr,
}

impl Addresses {
    /// Counts one more; nothing where there are as many as there may be.
    fn enter(&self, address: IpAddr, max: usize) -> Option<OfAddress> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(OfAddress {
            addresses: self.clone(),
            address,
        })
    }
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        let mut open = self
            .addresses
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}
