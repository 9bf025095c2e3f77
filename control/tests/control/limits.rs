//! What a client may take: connections, time and bytes. And what the server's log has of what it was told.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use valet_control::access::{self, NewToken, Role};
use valet_control::http::{Limits, METRICS_LIMITS, metrics_router, serve};

use crate::process::{Process, write_config};
use crate::support::{Agent, Api};

/// Limits that are reached within a test.
fn small() -> Limits {
    Limits {
        connections: 2,
        head: Duration::from_millis(400),
        body: Duration::from_millis(400),
        write: Duration::from_millis(400),
        ..Limits::default()
    }
}

async fn connect(address: &str) -> TcpStream {
    let address = address.trim_start_matches("http://");
    TcpStream::connect(address).await.expect("it listens")
}

/// What the server says until it ends the connection.
async fn rest(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_slow_is_cut_off() {
    let Some(api) = Api::start().await else {
        return;
    };
    let (address, _stop) = api.limited(small()).await;
    // A head that never ends, and a body of which a byte comes now and then. The byte may begin a header's name: the
    // server may read it together with what came before.
    let head = "POST /api/v1/sandboxes/heartbeat HTTP/1.1\r\nhost: x\r\n";
    let rest_of_head =
        "authorization: Bearer x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
    for start in [head.to_owned(), format!("{head}{rest_of_head}")] {
        let began = Instant::now();
        let mut stream = connect(&address).await;
        stream.write_all(start.as_bytes()).await.expect("sent");
        let (reading, mut writing) = stream.into_split();
        let trickle = tokio::spawn(async move {
            while writing.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let mut reading = reading;
        let mut said = Vec::new();
        let ended = reading.read_to_end(&mut said);
        let _ = tokio::time::timeout(Duration::from_secs(20), ended)
            .await
            .expect("it is cut off");
        assert!(began.elapsed() >= small().head);
        trickle.abort();
        let said = String::from_utf8_lossy(&said);
        assert!(!said.starts_with("HTTP/1.1 200"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_their_headers_are_bounded() {
    let Some(api) = Api::start().await else {
        return;
    };
    let (address, _stop) = api.limited(Limits::default()).await;
    let head = |headers: &str| {
        format!("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n")
    };
    let many: String = (0..70).map(|number| format!("x-{number}: 1\r\n")).collect();
    for (headers, status) in [
        (String::new(), "200"),
        (many, "431"),
        (format!("x: {}\r\n", "x".repeat(20_000)), "431"),
    ] {
        let mut stream = connect(&address).await;
        stream
            .write_all(head(&headers).as_bytes())
            .await
            .expect("sent");
        let said = rest(stream).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_above_the_limit_wait_for_a_place() {
    let Some(api) = Api::start().await else {
        return;
    };
    let limits = Limits {
        head: Duration::from_secs(30),
        ..small()
    };
    let (address, _stop) = api.limited(limits).await;
    let held = (connect(&address).await, connect(&address).await);
    let ask = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut third = connect(&address).await;
    third.write_all(ask.as_bytes()).await.expect("sent");
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(300), third.read(&mut byte));
    assert!(early.await.is_err(), "it was served");
    drop(held);
    let answered = tokio::time::timeout(Duration::from_secs(20), third.read(&mut byte));
    assert_eq!(answered.await.expect("in time").expect("answered"), 1);
}

/// Asks for `/healthz` until a place is free for that.
async fn is_served(address: &str) {
    let mut stream = connect(address).await;
    let ask = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.expect("sent");
    let answered = tokio::time::timeout(Duration::from_mins(1), rest(stream)).await;
    let said = answered.expect("a place is free in time");
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
}

/// Room for one connection.
fn one() -> Limits {
    Limits {
        connections: 1,
        head: Duration::from_secs(30),
        ..small()
    }
}

/// Asks this and reads nothing. Its kernel takes as little as there is.
async fn greedy(address: &str, ask: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(1024).expect("a size");
    let peer = address.trim_start_matches("http://");
    let connected = socket.connect(peer.parse().expect("an address")).await;
    let mut stream = connected.expect("it listens");
    stream.write_all(ask.as_bytes()).await.expect("sent");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_no_response_gives_the_place_back() {
    let Some(api) = Api::start().await else {
        return;
    };
    let (address, _stop) = api.limited(one()).await;
    // More than what both ends of a connection keep.
    let asks = "GET /api/v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(200);
    let _greedy = greedy(&address, &asks).await;
    is_served(&address).await;
}

/// Tells a stream this many events of this many bytes, of which nothing is read but that it begins.
async fn reads_no_events(events: u32, bytes: u32) {
    let Some(api) = Api::start().await else {
        return;
    };
    let ask = format!(
        "GET /api/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        api.viewer
    );
    let (address, _stop) = api.limited(one()).await;
    let mut greedy = greedy(&address, &ask).await;
    // It is told something, so that what follows is told as well.
    let mut begin = [0; 15];
    greedy.read_exact(&mut begin).await.expect("a stream");
    assert_eq!(&begin, b"HTTP/1.1 200 OK");
    let client = api.database.client().await.expect("it runs");
    let told = format!(
        "INSERT INTO finding (kind, subject, detail)
         SELECT 'silent', 'i-' || number, repeat('x', {bytes}) FROM generate_series(1, {events}) AS number"
    );
    client.batch_execute(&told).await.expect("events");
    is_served(&address).await;
    drop(greedy);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_no_events_gives_the_place_back() {
    reads_no_events(200, 200_000).await;
}

/// Few events fit into the server's kernel, so that writing them never waits for the peer.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_no_events_gives_the_place_back_even_if_there_are_few() {
    reads_no_events(1, 8_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_asks_for_metrics_without_end_leaves_room_for_a_scraper() {
    let Some(api) = Api::start().await else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("a port");
    let (_stop, stopped) = watch::channel(false);
    let router = metrics_router(api.control.clone());
    // Nobody's place becomes free by waiting.
    let limits = Limits {
        head: Duration::from_hours(1),
        ..METRICS_LIMITS
    };
    tokio::spawn(serve(listener, router, limits, stopped));
    let from = async |host: [u8; 4]| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind(SocketAddr::from((host, 0)))
            .expect("an address of loopback");
        let mut stream = socket.connect(address).await.expect("it listens");
        let ask = "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(ask.as_bytes()).await;
        rest(stream).await
    };
    let (greedy, scraper) = ([127, 0, 0, 1], [127, 0, 0, 2]);
    // Ten at once and one each second, however quick this machine is.
    let began = Instant::now();
    let (mut answered, mut waits) = (0, 0);
    while waits == 0 {
        let said = from(greedy).await;
        answered += u32::from(said.starts_with("HTTP/1.1 200"));
        waits += u32::from(said.starts_with("HTTP/1.1 429"));
        let most = 11.0 + began.elapsed().as_secs_f64();
        assert!(f64::from(answered) <= most, "{answered} were answered");
    }
    // As many connections as it gets, and more that are closed at once.
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(TcpStream::connect(address).await.expect("it listens"));
    }
    let said = tokio::time::timeout(Duration::from_mins(1), from(scraper)).await;
    let said = said.expect("there is a place");
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    drop(held);
}

/// Tries fifty tokens together, each another one than the first so many: how many were wrong, and how many have to wait.
async fn try_wrong_tokens(api: &Api, before: u32) -> (u32, u32) {
    let asked = (0..50).map(async |number| {
        let token = format!("vct_{before}_{number}");
        let list = api.send(Method::GET, "/api/v1/sandboxes", &token, None);
        list.await.status
    });
    let (mut wrong, mut waits) = (0, 0);
    for status in join_all(asked).await {
        assert!([401, 429].contains(&status), "{status}");
        wrong += u32::from(status == 401);
        waits += u32::from(status == 429);
    }
    (wrong, waits)
}

/// A token that was never used.
async fn new_token(api: &Api) -> String {
    let new = NewToken {
        name: "robot".to_owned(),
        role: Role::Viewer,
        lifetime_seconds: None,
        loopback_only: false,
    };
    let (_, token) = access::create(&api.database, &new).await.expect("a token");
    token
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_tries_tokens_waits() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    agent.beat(&api, json!({})).await.ok();
    let list = async |token: &str| {
        let list = api.send(Method::GET, "/api/v1/sandboxes", token, None);
        list.await.status
    };
    assert_eq!(list(&api.viewer).await, 200);
    // At most 1,000 at once and 50 each second, however quick this machine is.
    let began = Instant::now();
    let (mut tried, mut waits) = (0, 0);
    while waits == 0 {
        let (wrong, held_up) = try_wrong_tokens(&api, tried).await;
        (tried, waits) = (tried + wrong, held_up);
        // Those that are under way together have not been counted yet.
        let most = 1050.0 + 50.0 * began.elapsed().as_secs_f64();
        assert!(f64::from(tried) <= most, "{tried} were tried");
    }
    // Whoever has a token that never counted is held up with them: at once, or on a slow machine at one of the next tries.
    let is_held_up = async {
        loop {
            let token = new_token(&api).await;
            if list(&token).await == 429 {
                return;
            }
            tried += try_wrong_tokens(&api, tried).await.0;
        }
    };
    let is_held_up = tokio::time::timeout(Duration::from_mins(1), is_held_up);
    is_held_up.await.expect("a new token waits");
    // Whoever has a token that counted before is behind the same address, and is not held up.
    assert_eq!(list(&api.viewer).await, 200);
    agent.beat(&api, json!({})).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_log() {
    let Some(mut api) = Api::start().await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let config = write_config(folder.path());
    let mut process = Process::start(&api.location, &config, &[]);
    api.address = process.address.parse().expect("an address");
    let mut agent = Agent::enrolled(&api, 1).await;
    let mut thief = agent.clone();
    thief.enrol(&api).await;
    agent.beat(&api, json!({})).await.ok();
    api.order(agent.id(), "drain", "look").await.ok();
    let reason = json!({ "reason": "rotation" });
    let added = api.post("/api/v1/worker-keys", reason).await.ok();
    let token = json!({ "name": "robot", "role": "viewer" });
    let made = api.post("/api/v1/tokens", token).await.ok();
    for (token, key) in [("vct_not-a-token", "not-the-key-of-the-fleet"), ("", "")] {
        api.send(Method::GET, "/api/v1/sandboxes", token, None)
            .await;
        thief.enrol_with(&api, key).await;
    }
    let form = format!("token={}", api.admin);
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let url = api.url();
    let signed_in = valet_test_kit::http::send(Method::POST, &url, "/sign-in", &headers, form);
    signed_in.await.expect("an answer");
    process.kill();
    let log = process.log();
    assert!(log.contains("enrolled"), "{log}");
    let text = |value: &serde_json::Value| value.as_str().expect("a secret").to_owned();
    for (what, secret) in [
        ("the agent's token", agent.token),
        ("the fleet's key", api.key.clone()),
        ("the new key", text(&added["value"])),
        ("the new token", text(&made["secret"])),
        ("the admin's token", api.admin.clone()),
        ("a wrong token", "vct_not-a-token".to_owned()),
        ("a wrong key", "not-the-key-of-the-fleet".to_owned()),
        ("the document", agent.document[100..200].to_owned()),
    ] {
        assert!(!log.contains(&secret), "{what} is in the log");
    }
}
