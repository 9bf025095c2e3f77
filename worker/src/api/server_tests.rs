use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use super::*;
use crate::api::activity::MAX_IDLE;
use crate::testing;

const REQUEST: &[u8] = b"GET /v1/status HTTP/1.1\r\nhost: a\r\n\r\n";
const LEASE: &[u8] = b"POST /v1/leases HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n{";

/// A connection to the API, and what becomes of it.
async fn connection(sends: &[u8]) -> (UnixStream, tokio::task::JoinHandle<()>) {
    let folder = tempfile::tempdir().unwrap();
    let (host, _orders) = testing::host(testing::config(folder.path()));
    let caller = Caller {
        sessions: Arc::new(Sessions::new(HostFor::of(&host))),
        host,
        rights: Rights {
            operator: true,
            runtime: true,
        },
        connection: 1,
    };
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let served = tokio::spawn(serve(caller, theirs));
    ours.write_all(sends).await.unwrap();
    (ours, served)
}

/// How long a connection on which this is sent lasts, if it ends; with what the agent said on it.
async fn lasts(sends: &[u8]) -> (Duration, String) {
    let began = Instant::now();
    let (mut ours, served) = connection(sends).await;
    let ended = tokio::time::timeout(MAX_IDLE * 10, served).await;
    assert!(
        ended.is_ok(),
        "{:?} is held for ever",
        String::from_utf8_lossy(sends)
    );
    let lasted = began.elapsed();
    let mut said = Vec::new();
    let _ = ours.read_to_end(&mut said).await;
    (lasted, String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_sends_nothing_or_half_a_request_is_let_go() {
    for sends in [
        &b""[..],
        b"GET /v1/sta",
        b"GET /v1/status HTTP/1.1\r\nhost: a\r\n",
    ] {
        let (lasted, said) = lasts(sends).await;
        assert!(lasted >= MAX_IDLE && lasted <= MAX_IDLE * 2, "{lasted:?}");
        assert_eq!(said, "");
    }
    // A body that does not come is answered first.
    let (lasted, said) = lasts(LEASE).await;
    assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
    assert!(lasted <= MAX_IDLE * 2, "{lasted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_is_let_go() {
    // One answer that waits in the socket, and more of them than it holds.
    for requests in [1, 2000] {
        let began = Instant::now();
        let (mut ours, served) = connection(b"").await;
        let sending = async {
            for _ in 0..requests {
                let _ = ours.write_all(REQUEST).await;
            }
            std::future::pending::<()>().await;
        };
        let ended = tokio::select! {
            ended = tokio::time::timeout(MAX_IDLE * 10, served) => ended,
            () = sending => unreachable!("it is never over"),
        };
        assert!(ended.is_ok(), "{requests} requests hold it for ever");
        let lasted = began.elapsed();
        assert!(lasted >= MAX_IDLE && lasted <= MAX_IDLE * 3, "{lasted:?}");
    }
}
