//! A server on a loopback port of its own that can be cut, stopped and started again.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::sync::Arc;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use crate::shared::Shared;

/// Serves one router by HTTP/1 and HTTP/2, so that gRPC and REST may share it.
///
/// It ends with this value, and its connections with it.
pub struct Server {
    address: SocketAddr,
    router: Router,
    cut: Arc<Notify>,
    running: Shared<Option<Running>>,
}

struct Running {
    listener: Arc<TcpListener>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts on a port that the system chooses.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start(router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let server = Self {
            address: listener.local_addr()?,
            router,
            cut: Arc::default(),
            running: Shared::default(),
        };
        server.serve(listener);
        Ok(server)
    }

    /// Where it listens, or listened before it was stopped.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a URL without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whether it listens.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.with(|running| running.is_some())
    }

    /// Closes every connection. New ones are still accepted.
    pub fn cut(&self) {
        self.cut.notify_waiters();
    }

    /// Closes every connection and stops listening: whoever comes from now on is refused. The kernel takes connections until
    /// the listener is shut down, and its task would only notice later that it is over.
    pub fn stop(&self) {
        if let Some(running) = self.running.with(Option::take) {
            let _ = SockRef::from(&*running.listener).shutdown(Shutdown::Both);
            running.task.abort();
        }
    }

    /// Listens again, on the same port. Nothing happens while it does.
    ///
    /// # Errors
    ///
    /// When somebody else has taken the port meanwhile.
    pub async fn restart(&self) -> io::Result<()> {
        if self.is_running() {
            return Ok(());
        }
        let listener = bind_again(self.address).await?;
        self.serve(listener);
        Ok(())
    }

    fn serve(&self, listener: TcpListener) {
        let listener = Arc::new(listener);
        let accepting = accept(
            Arc::clone(&listener),
            self.router.clone(),
            Arc::clone(&self.cut),
        );
        let task = tokio::spawn(accepting);
        self.running
            .with(|running| *running = Some(Running { listener, task }));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The listener that was stopped is closed by its task, which may take a moment to notice.
async fn bind_again(address: SocketAddr) -> io::Result<TcpListener> {
    for _ in 0..100 {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            bound => return bound,
        }
    }
    TcpListener::bind(address).await
}

/// Accepts for as long as its task lives. The connections are in a set of this task, so that they
/// end with it.
async fn accept(listener: Arc<TcpListener>, router: Router, cut: Arc<Notify>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(converse(stream, router.clone()));
                }
            }
            () = cut.notified() => connections.abort_all(),
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, router: Router) {
    // What is written is small, and somebody waits for it.
    let _ = stream.set_nodelay(true);
    // A client that goes away in the middle is no business of the fake.
    let _ = Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
}
