//! Parameter Store and Secrets Manager that answer at once. moto is Python, and its time is not ours.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

/// Serves these values by key.
pub async fn serve(values: BTreeMap<String, String>) -> SocketAddr {
    let router = Router::new()
        .route("/", post(answer))
        .with_state(Arc::new(values));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn answer(
    State(values): State<Arc<BTreeMap<String, String>>>,
    headers: HeaderMap,
    body: String,
) -> Json<Value> {
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let target = headers["x-amz-target"].to_str().unwrap_or_default();
    Json(match target {
        "AmazonSSM.GetParameters" => {
            let names = body["Names"].as_array().into_iter().flatten();
            let parameters: Vec<Value> = names
                .filter_map(|name| {
                    let value = values.get(name.as_str()?)?;
                    Some(json!({ "Name": name, "Value": value, "Version": 1 }))
                })
                .collect();
            json!({ "Parameters": parameters })
        }
        "secretsmanager.DescribeSecret" => json!({ "VersionIdsToStages": { "1": ["AWSCURRENT"] } }),
        _ => {
            let value = body["SecretId"].as_str().and_then(|key| values.get(key));
            json!({ "SecretString": value, "VersionId": "1" })
        }
    })
}
