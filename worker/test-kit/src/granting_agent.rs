//! The agent's socket where the agent is not what is tried: it grants every lease.

use std::io;
use std::path::Path;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

/// The running socket, which ends with this value.
pub struct GrantingAgent(JoinHandle<()>);

impl GrantingAgent {
    /// Listens at this socket.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn start(socket: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let router = Router::new()
            .route("/v1/runtime", post(async || "{}"))
            .route(
                "/v1/leases",
                post(async || (StatusCode::CREATED, r#"{"id":"granted"}"#)),
            )
            .route(
                "/v1/leases/{id}",
                delete(async || StatusCode::NO_CONTENT).get(async || StatusCode::NO_CONTENT),
            )
            .route(
                "/v1/events",
                get(async || "{\"state\":\"ready\",\"cause\":\"kit\",\"abort\":false}\n"),
            );
        Ok(Self(tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        })))
    }
}

impl Drop for GrantingAgent {
    fn drop(&mut self) {
        self.0.abort();
    }
}
