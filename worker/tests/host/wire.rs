//! A way to a server that can be cut: nothing passes any more, and nobody is told.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// The running way. It ends with this value, and its connections with it.
pub struct Wire {
    pub address: SocketAddr,
    open: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Wire {
    /// Leads to this port of loopback.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (open, passes) = watch::channel(true);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(lead(stream, port, passes.clone()));
            }
        });
        Self {
            address,
            open,
            task,
        }
    }

    /// Cuts it. What was sent arrives once it is mended.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    pub fn mend(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn lead(near: TcpStream, port: u16, mut passes: watch::Receiver<bool>) {
    if passes.wait_for(|open| *open).await.is_err() {
        return;
    }
    let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
        return;
    };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::select! {
        () = pass(near_read, far_write, passes.clone()) => {}
        () = pass(far_read, near_write, passes) => {}
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut passes: watch::Receiver<bool>,
) {
    let mut part = vec![0; 16 * 1024];
    while let Ok(length) = from.read(&mut part).await {
        let is_open = passes.wait_for(|open| *open).await.is_ok();
        if length == 0 || !is_open || to.write_all(&part[..length]).await.is_err() {
            return;
        }
    }
}
