//! The floor: a server that reads the same bodies, writes one statement every 250 ms, and does nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use valet_control::database::Database;
use valet_control::http::{Limits, serve as serve_http};

use crate::load::PATH;

/// How this program is told to be the floor.
pub const ARGUMENT: &str = "--floor";

type Heard = Arc<Mutex<BTreeMap<String, i64>>>;

/// The database's address, if this process is to be the floor.
pub fn address_of_arguments() -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != ARGUMENT);
    arguments.next()?;
    arguments.next()
}

/// Serves until it is killed, and prints where.
pub fn serve(database: &str) {
    let database = Database::new(database, 16).expect("an address");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let heard = Heard::default();
        tokio::spawn(keep_writing(heard.clone(), database));
        let router = Router::new().route(PATH, post(hear)).with_state(heard);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("a port");
        eprintln!(
            "{}",
            json!({ "fields": { "address": address.to_string() } })
        );
        let (_stop, stopped) = watch::channel(false);
        serve_http(listener, router, Limits::default(), stopped).await;
    });
}

async fn keep_writing(heard: Heard, database: Database) {
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let heard = std::mem::take(&mut *heard.lock().expect("no panic"));
        let (ids, numbers): (Vec<String>, Vec<i64>) = heard.into_iter().unzip();
        let client = database.client().await.expect("it runs");
        let update = "UPDATE pulse SET seq = heard.seq, seen_at = now() FROM unnest($1::text[], $2::bigint[]) AS heard (id, seq) WHERE instance_id = id";
        client
            .execute(update, &[&ids, &numbers])
            .await
            .expect("written");
    }
}

async fn hear(
    State(heard): State<Heard>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Json<Value> {
    let token = headers["authorization"]
        .to_str()
        .expect("text")
        .trim_start_matches("Bearer ")
        .to_owned();
    heard
        .lock()
        .expect("no panic")
        .insert(token, body["seq"].as_i64().expect("a number"));
    Json(json!({}))
}
