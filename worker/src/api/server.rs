//! The server on the socket.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use valet_protocol::Config;
use valet_protocol::local_api::RefusalReason;

use super::activity::Activity;
use super::budget::{Budget, OpenConnections};
use super::peers::{Peers, Rights};
use super::routes::{self, Caller};
use super::sessions::Sessions;
use super::{access, responses};
use crate::error::AgentError;
use crate::host::{HostFor, Shared};
use crate::passwd;
use crate::state::part::Api;

/// The socket, and who may use it.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    peers: Peers,
}

/// Connections that are being refused at the same time.
const MAX_REFUSED: usize = 16;

/// Opens the socket, for the runtime and operators. What each may is decided by who the kernel says they are.
///
/// # Errors
///
/// When another agent listens there, or the place cannot be written to.
pub async fn open(config: &Config) -> Result<Listener, AgentError> {
    let peers = Peers::new(config)?;
    let place = Path::new(&config.paths.socket);
    if UnixStream::connect(place).await.is_ok() {
        return Err(AgentError::new(format!(
            "another agent listens at {}: stop it first",
            place.display()
        )));
    }
    let failed = |what: &str, error: std::io::Error| {
        AgentError::new(format!(
            "the socket {} cannot be {what}: {error}",
            place.display()
        ))
    };
    match std::fs::remove_file(place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed("replaced", error));
        }
        _ => {}
    }
    let listener = UnixListener::bind(place).map_err(|error| failed("opened", error))?;
    let operators = passwd::group_id(&config.api.operators_group)
        .map_err(|error| failed("shared with operators", error))?;
    access::restrict(place, peers.runtime(), operators).map_err(|error| failed("shared", error))?;
    Ok(Listener { listener, peers })
}

/// Serves until the agent exits.
pub async fn run(host: HostFor<Api>, listener: Listener) {
    let sessions = Arc::new(Sessions::new(host.clone()));
    let mut connections = JoinSet::new();
    let mut refused = JoinSet::new();
    let open = OpenConnections::default();
    let waiting = sessions.clone();
    connections.spawn(async move { waiting.give_up_waiting().await });
    let revoking = sessions.clone();
    connections.spawn(async move { revoking.revoke_after_freezes().await });
    let mut number = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            Some(_) = refused.join_next() => continue,
            () = host.ending().cancelled() => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: until some are free again.
                tracing::error!(%error, "accepting a connection failed");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        number += 1;
        let most = host.config.api.connections as usize;
        let of_peer = Budget::of(&open, &stream, &listener.peers, most);
        match admitted(&listener.peers, &stream, of_peer.is_none()) {
            Ok(rights) => {
                let caller = Caller {
                    host: Shared::clone(&host),
                    sessions: sessions.clone(),
                    rights,
                    connection: number,
                };
                connections.spawn(async move {
                    serve(caller, stream).await;
                    drop(of_peer);
                });
            }
            // Who is refused counts for nobody, and a flood of them is not even answered.
            Err((reason, message)) if refused.len() < MAX_REFUSED => {
                refused.spawn(turn_away(stream, reason, message));
            }
            Err(_) => {}
        }
    }
}

fn admitted(
    peers: &Peers,
    stream: &UnixStream,
    full: bool,
) -> Result<Rights, (RefusalReason, String)> {
    match peers.rights(stream) {
        Ok(Some(_)) if full => Err((
            RefusalReason::Busy,
            "too many connections are open".to_owned(),
        )),
        Ok(Some(rights)) => Ok(rights),
        Ok(None) => Err((
            RefusalReason::Forbidden,
            "this user may not use the agent's API".to_owned(),
        )),
        Err(error) => Err((
            RefusalReason::Forbidden,
            format!("the peer's user cannot be determined: {error}"),
        )),
    }
}

async fn serve(caller: Caller, stream: UnixStream) {
    let (sessions, connection) = (caller.sessions.clone(), caller.connection);
    let activity = Activity::default();
    let used = activity.clone();
    let service = service_fn(move |request| {
        let (caller, used) = (caller.clone(), used.clone());
        async move {
            let _busy = used.begin();
            Ok::<_, Infallible>(routes::answer(caller, &used, request).await)
        }
    });
    let served = http1::Builder::new()
        .max_buf_size(32 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        served = served => {
            if let Err(error) = served {
                tracing::debug!(%error, connection, "a connection failed");
            }
        }
        () = activity.idle(|| sessions.holds(connection)) => {
            tracing::debug!(connection, "a connection without a request or a lease is closed");
        }
    }
    sessions.closed(connection);
}

/// Answers one request with the refusal and closes.
async fn turn_away(stream: UnixStream, reason: RefusalReason, message: String) {
    let service = service_fn(move |_| {
        let answer = responses::refusal(reason, message.clone());
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), served).await;
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
