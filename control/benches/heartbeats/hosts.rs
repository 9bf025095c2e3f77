//! Hosts in the database, and how long it takes to read them.

use std::time::Instant;

use axum::http::Method;
use valet_control::access::{self, NewToken, Role};
use valet_control::config::FleetSettings;
use valet_control::database::Database;
use valet_control::identity::{Certificates, verify};
use valet_control::reaper::SilentHosts;
use valet_control::tokens;
use valet_test_kit::http;

/// The group of every host.
pub const GROUP: &str = "workers";
/// How often each thing is read; the median counts.
const READS: usize = 9;
/// A document that AWS signed.
const DOCUMENT: &str = include_str!("../../tests/identity/us-west-2.txt");

/// The id of a host, which is its token as well.
pub fn id(number: u32) -> String {
    format!("i-{number:017x}")
}

/// Adds hosts that have enrolled.
pub async fn add(database: &Database, hosts: u32) {
    let ids: Vec<String> = (0..hosts).map(id).collect();
    let hashes: Vec<Vec<u8>> = ids.iter().map(|id| tokens::hash(id)).collect();
    let client = database.client().await.expect("it runs");
    // However much else the machine does.
    let patient = "SET statement_timeout = 0";
    client.batch_execute(patient).await.expect("set");
    client
        .execute(
            "INSERT INTO sandbox (instance_id, account, region, zone, instance_type, image_id, launched_at)
             SELECT id, '1', 'r', 'z' || right(id, 1), 't', 'a', now() FROM unnest($1::text[]) AS id",
            &[&ids],
        )
        .await
        .expect("added");
    client
        .execute(
            "INSERT INTO aws_instance (instance_id, account, region, group_name, state, lifecycle)
             SELECT id, '1', 'r', $2, 'running', 'InService' FROM unnest($1::text[]) AS id",
            &[&ids, &GROUP],
        )
        .await
        .expect("added");
    client
        .execute(
            "INSERT INTO enrolment (token_hash, instance_id, boot_id, expires_at)
             SELECT hash, id, 'b', now() + interval '1 day' FROM unnest($1::bytea[], $2::text[]) AS host (hash, id)",
            &[&hashes, &ids],
        )
        .await
        .expect("added");
    client.batch_execute("ANALYZE").await.expect("analyzed");
}

/// Milliseconds in the middle of what each of some calls took.
async fn median(mut call: impl AsyncFnMut()) -> f64 {
    let mut times = Vec::new();
    for _ in 0..READS {
        let began = Instant::now();
        call().await;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    times[READS / 2]
}

/// How long the reaper takes to read who is silent, where AWS has every host and one of 4,096 is. The server has heard
/// for an hour: silence of before it did does not count.
async fn sweep(database: &Database) -> f64 {
    let fleet = FleetSettings {
        group: GROUP.to_owned(),
        account: "1".to_owned(),
        region: "r".to_owned(),
        alerts_topic: None,
        queue: None,
    };
    let client = database.client().await.expect("it runs");
    client
        .batch_execute(
            "SET statement_timeout = 0;
             UPDATE ingest_up SET started_at = now() - interval '1 hour';
             UPDATE pulse SET seen_at = now();
             UPDATE pulse SET seen_at = now() - interval '10 minutes' WHERE instance_id LIKE '%000';
             ANALYZE",
        )
        .await
        .expect("hosts");
    drop(client);
    median(async || {
        let found = SilentHosts::read(database, &fleet).await.expect("read");
        assert!(!found.hosts.is_empty(), "nobody is silent");
    })
    .await
}

/// How long the sweep over all hosts, the API's list and the page take.
pub async fn reading(address: &str, database: &Database, hosts: u32) {
    let client = database.client().await.expect("it runs");
    let sweep = sweep(database).await;
    let new = NewToken {
        name: "bench".to_owned(),
        role: Role::Viewer,
        lifetime_seconds: None,
        loopback_only: false,
    };
    let (_, token) = access::create(database, &new).await.expect("a token");
    let url = format!("http://{address}");
    let bearer = format!("Bearer {token}");
    let list = median(async || {
        let headers = [("authorization", bearer.as_str())];
        let path = "/api/v1/sandboxes?limit=1000";
        let answer = http::send(Method::GET, &url, path, &headers, String::new()).await;
        assert_eq!(answer.expect("an answer").status, 200);
    })
    .await;
    // Signed in, as a browser would be.
    let login = "x".repeat(43);
    client
        .execute(
            "INSERT INTO login (hash, token_id, expires_at) SELECT $1, id, now() + interval '1 day' FROM api_token",
            &[&tokens::hash(&login)],
        )
        .await
        .expect("signed in");
    let cookie = format!("valet-dev={login}; __Host-valet={login}");
    let page = median(async || {
        let headers = [("cookie", cookie.as_str())];
        let answer = http::send(Method::GET, &url, "/", &headers, String::new()).await;
        assert_eq!(answer.expect("an answer").status, 200);
    })
    .await;
    println!(
        "| {hosts} | reading | | | sweep of all {sweep:.0} ms | list of 1,000 {list:.0} ms | page {page:.0} ms | | | |"
    );
}

/// How long one document takes to be verified.
pub fn verification() {
    const COUNT: u32 = 2000;
    let certificates = Certificates::published();
    let began = Instant::now();
    for _ in 0..COUNT {
        verify(DOCUMENT, &certificates).expect("AWS signed it");
    }
    let each = began.elapsed().as_secs_f64() / f64::from(COUNT) * 1e6;
    println!("a document is verified in {each:.0} µs");
}
