use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use super::*;
use crate::testing;

const REQUEST: &[u8] = b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n";

/// The port, served until the test's runtime ends.
async fn port() -> SocketAddr {
    let folder = tempfile::tempdir().unwrap();
    let (host, _orders) = testing::host(testing::config(folder.path()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { accept(&host, &listener).await });
    address
}

async fn connected(address: SocketAddr, sends: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sends).await.unwrap();
    stream
}

/// How many seconds pass until the agent closes a connection on which this is sent.
async fn closed_after(sends: &[u8]) -> u64 {
    let began = Instant::now();
    let mut stream = connected(port().await, sends).await;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    began.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_request_never_comes_is_closed() {
    for sends in [
        &b""[..],
        b"GET /metr",
        b"GET /metrics HTTP/1.1\r\nhost: a\r\n",
    ] {
        let text = String::from_utf8_lossy(sends);
        assert_eq!(closed_after(sends).await, MAX_DURATION.as_secs(), "{text}");
    }
    assert_eq!(closed_after(REQUEST).await, 0, "an answer closes it");
}

/// Connections that are held in each way, a new one in place of each that is closed.
async fn hold(address: SocketAddr, held: Arc<tokio::sync::Semaphore>) {
    let ways = [&b""[..], b"GET /metr", REQUEST];
    for way in ways.into_iter().cycle() {
        let Ok(mut stream) = TcpStream::connect(address).await else {
            continue;
        };
        let _ = stream.write_all(way).await;
        held.add_permits(1);
        // The one that has an answer never reads it, and none of them goes by itself.
        while stream.readable().await.is_ok() {
            let mut end = [0; 1];
            match stream.peek(&mut end).await {
                Ok(0) | Err(_) => break,
                Ok(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    }
}

#[tokio::test]
async fn whoever_holds_connections_keeps_no_scraper_out() {
    let address = port().await;
    let held = Arc::new(tokio::sync::Semaphore::new(0));
    let holders = MAX_CONNECTIONS * 4;
    let mut holding = JoinSet::new();
    for _ in 0..holders {
        holding.spawn(hold(address, held.clone()));
    }
    let _ = held.acquire_many(holders as u32).await.unwrap();
    for _ in 0..20 {
        let scraped = async {
            let mut stream = connected(address, REQUEST).await;
            let mut page = String::new();
            stream.read_to_string(&mut page).await.unwrap();
            page
        };
        // Where holders were waited for, the scraper would come after all those before it.
        let page = tokio::time::timeout(MAX_DURATION * 2, scraped).await;
        let page = page.expect("it is kept out");
        assert!(page.contains("valet_worker_state"), "{page}");
    }
}
