//! noVNC's port, which answers with a page.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::server::Server;

/// The running server.
pub struct NoVnc {
    server: Arc<Server>,
}

impl NoVnc {
    /// Starts on a free port.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        let router = Router::new().route("/", get(async || "<title>noVNC</title>"));
        let server = Arc::new(Server::start(router).await?);
        Ok(Self { server })
    }

    /// Its server, to be stopped and started again.
    #[must_use]
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }
}
