use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use valet_protocol::config::{Secret, SecretReadTime, SecretStore, User};

use super::*;
use crate::testing;

/// Both stores in one: values by key, each with a version that grows, and what was asked.
#[derive(Default)]
struct Kept {
    values: BTreeMap<String, (String, u32)>,
    asked: Vec<(String, Value)>,
    failing: u32,
}

type Stores = Arc<Mutex<Kept>>;

fn put(stores: &Stores, key: &str, value: &str) {
    let mut stores = stores.lock().unwrap();
    let kept = stores.values.entry(key.to_owned()).or_default();
    *kept = (value.to_owned(), kept.1 + 1);
}

async fn answer(
    State(stores): State<Stores>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, Json<Value>) {
    let target = headers["x-amz-target"].to_str().unwrap().to_owned();
    let body: Value = serde_json::from_str(&body).unwrap();
    let mut stores = stores.lock().unwrap();
    stores.asked.push((target.clone(), body.clone()));
    if stores.failing > 0 {
        stores.failing -= 1;
        return (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({})));
    }
    let (status, answer) = match target.as_str() {
        "AmazonSSM.GetParameters" => (StatusCode::OK, parameters(&stores, &body)),
        "secretsmanager.GetSecretValue" => secret(
            &stores,
            &body,
            |value, version| json!({ "SecretString": value, "VersionId": format!("v{version}") }),
        ),
        "secretsmanager.DescribeSecret" => secret(&stores, &body, |_, version| {
            json!({ "VersionIdsToStages": {
                "v0": ["AWSPREVIOUS"], format!("v{version}"): ["AWSCURRENT"],
            } })
        }),
        other => panic!("{other}"),
    };
    (status, Json(answer))
}

fn parameters(stores: &Kept, body: &Value) -> Value {
    let decrypt = body["WithDecryption"] == json!(true);
    let names = body["Names"].as_array().unwrap();
    assert!(names.len() <= 10, "SSM takes ten names at most");
    let (found, missing): (Vec<_>, Vec<_>) = names
        .iter()
        .map(|name| name.as_str().unwrap())
        .partition(|name| stores.values.contains_key(*name));
    let found: Vec<Value> = found
        .into_iter()
        .map(|name| {
            let (value, version) = &stores.values[name];
            let value = if decrypt { value } else { "AQICAHg" };
            json!({ "Name": name, "Value": value, "Version": version })
        })
        .collect();
    json!({ "Parameters": found, "InvalidParameters": missing })
}

fn secret(stores: &Kept, body: &Value, answer: impl Fn(&str, u32) -> Value) -> (StatusCode, Value) {
    match stores.values.get(body["SecretId"].as_str().unwrap()) {
        Some((value, version)) => (StatusCode::OK, answer(value, *version)),
        None => (
            StatusCode::BAD_REQUEST,
            json!({ "__type": "ResourceNotFoundException" }),
        ),
    }
}

struct Room {
    stores: Stores,
    host: HostFor<Secrets>,
    folder: tempfile::TempDir,
}

impl Room {
    fn file(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join(name)).ok()
    }

    fn stale(&self) -> Vec<User> {
        self.host
            .read(|current| current.stale.iter().copied().collect())
    }
}

/// A host with these secrets, and stores that hold a value for each.
async fn room(secrets: &[(&str, SecretStore, SecretReadTime, &[User])]) -> Room {
    let stores = Stores::default();
    let folder = tempfile::tempdir().unwrap();
    let mut config = testing::config(folder.path());
    for (name, store, read, used_by) in secrets {
        let key = format!("/valet/test/{name}");
        put(&stores, &key, &format!("value of {name}"));
        let secret = Secret {
            store: *store,
            key,
            read: *read,
            used_by: used_by.to_vec(),
        };
        config.secrets.insert((*name).to_owned(), secret);
    }
    config.rotation.interval_seconds = 0.05.try_into().unwrap();
    let router = Router::new()
        .route("/", post(answer))
        .with_state(stores.clone());
    let address = testing::serve(router).await;
    let (host, _) = testing::host_with(config, address);
    Room {
        stores,
        host: HostFor::of(&host),
        folder,
    }
}

async fn usual() -> Room {
    room(&[
        (
            "HATCHET_CLIENT_TOKEN",
            SecretStore::Ssm,
            SecretReadTime::Boot,
            &[User::Agent, User::Runtime],
        ),
        (
            "DATABASE_URL",
            SecretStore::Ssm,
            SecretReadTime::Runtime,
            &[User::Runtime],
        ),
        (
            "WORKER_API_KEY",
            SecretStore::SecretsManager,
            SecretReadTime::Runtime,
            &[User::Agent],
        ),
        (
            "ADSPOWER_API_TOKEN",
            SecretStore::Ssm,
            SecretReadTime::Boot,
            &[User::AdsPower],
        ),
    ])
    .await
}

#[tokio::test]
async fn each_program_gets_what_it_uses() {
    let room = usual().await;
    fetch(&room.host).await.unwrap();
    assert_eq!(
        room.file("runtime.env").unwrap(),
        "DATABASE_URL=\"value of DATABASE_URL\"\n\
         HATCHET_CLIENT_TOKEN=\"value of HATCHET_CLIENT_TOKEN\"\n"
    );
    assert_eq!(
        room.file("adspower.env").unwrap(),
        "ADSPOWER_API_TOKEN=\"value of ADSPOWER_API_TOKEN\"\n"
    );
    let key = room.host.secret("WORKER_API_KEY").unwrap();
    assert_eq!(key.expose_secret(), "value of WORKER_API_KEY");
    assert!(room.host.secret("DATABASE_URL").is_none());
    assert!(room.host.read(|current| current.secrets_ready));
    assert_eq!(room.stale(), []);
}

#[tokio::test]
async fn ssm_is_asked_for_ten_at_a_time() {
    let names: Vec<String> = (0..23)
        .map(|number| format!("SECRET_{number:02}"))
        .collect();
    let secrets: Vec<(&str, SecretStore, SecretReadTime, &[User])> = names
        .iter()
        .map(|name| {
            (
                name.as_str(),
                SecretStore::Ssm,
                SecretReadTime::Boot,
                &[User::Runtime][..],
            )
        })
        .collect();
    let room = room(&secrets).await;
    fetch(&room.host).await.unwrap();
    let sizes: Vec<usize> = room
        .stores
        .lock()
        .unwrap()
        .asked
        .iter()
        .map(|(_, body)| body["Names"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [10, 10, 3]);
    assert_eq!(room.file("runtime.env").unwrap().lines().count(), 23);
}

#[tokio::test]
async fn whatever_is_wrong_is_named_and_no_value_is_shown() {
    let room = usual().await;
    {
        let mut stores = room.stores.lock().unwrap();
        stores.values.remove("/valet/test/DATABASE_URL");
        stores.values.remove("/valet/test/WORKER_API_KEY");
    }
    put(
        &room.stores,
        "/valet/test/ADSPOWER_API_TOKEN",
        valet_protocol::secrets::PLACEHOLDER,
    );
    put(
        &room.stores,
        "/valet/test/HATCHET_CLIENT_TOKEN",
        "hush\u{1b}",
    );
    let failure = fetch(&room.host).await.unwrap_err().to_string();
    for name in [
        "DATABASE_URL is not in Parameter Store as /valet/test/DATABASE_URL",
        "WORKER_API_KEY is not in Secrets Manager as /valet/test/WORKER_API_KEY",
        "ADSPOWER_API_TOKEN still holds Terraform's placeholder",
        "HATCHET_CLIENT_TOKEN contains a control character",
    ] {
        assert!(failure.contains(name), "{failure}");
    }
    assert!(!failure.contains("hush"), "{failure}");
    assert_eq!(room.file("runtime.env"), None);
    assert!(!room.host.read(|current| current.secrets_ready));
}

#[tokio::test]
async fn a_store_that_comes_back_in_time_is_asked_again() {
    let room = usual().await;
    room.stores.lock().unwrap().failing = 2;
    fetch(&room.host).await.unwrap();
    assert!(room.file("runtime.env").is_some());
}

#[tokio::test]
async fn a_change_concerns_only_who_uses_it() {
    let room = usual().await;
    fetch(&room.host).await.unwrap();
    tokio::spawn(run(room.host.clone()));
    put(
        &room.stores,
        "/valet/test/ADSPOWER_API_TOKEN",
        "read at boot",
    );
    put(&room.stores, "/valet/test/DATABASE_URL", "another");
    room.host
        .wait_until(|current| !current.stale.is_empty())
        .await;
    assert_eq!(room.stale(), [User::Runtime]);
    assert!(room.file("runtime.env").unwrap().contains("\"another\""));
    assert!(!room.file("adspower.env").unwrap().contains("at boot"));
}

#[tokio::test]
async fn a_change_of_the_agents_own_secret_restarts_nobody() {
    let room = usual().await;
    fetch(&room.host).await.unwrap();
    tokio::spawn(run(room.host.clone()));
    put(&room.stores, "/valet/test/WORKER_API_KEY", "another");
    room.host
        .wait_until(|current| current.secret_versions["WORKER_API_KEY"] == "v2")
        .await;
    let key = room.host.secret("WORKER_API_KEY").unwrap();
    assert_eq!(key.expose_secret(), "another");
    assert_eq!(room.stale(), []);
}

#[tokio::test]
async fn versions_are_looked_at_without_decrypting() {
    let room = usual().await;
    fetch(&room.host).await.unwrap();
    room.stores.lock().unwrap().asked.clear();
    check_versions(&room.host).await.unwrap();
    let stores = room.stores.lock().unwrap();
    let asked: Vec<&str> = stores
        .asked
        .iter()
        .map(|(target, _)| target.as_str())
        .collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked.contains(&"AmazonSSM.GetParameters"));
    assert!(asked.contains(&"secretsmanager.DescribeSecret"));
    let (_, body) = stores
        .asked
        .iter()
        .find(|(target, _)| target.starts_with("AmazonSSM"))
        .unwrap();
    assert_eq!(body["WithDecryption"], json!(false));
    assert_eq!(body["Names"], json!(["/valet/test/DATABASE_URL"]));
}

#[tokio::test]
async fn a_bad_new_value_leaves_the_good_one() {
    let room = usual().await;
    fetch(&room.host).await.unwrap();
    put(&room.stores, "/valet/test/DATABASE_URL", "");
    let error = check_versions(&room.host).await.unwrap_err();
    assert_eq!(error.to_string(), "DATABASE_URL is empty");
    assert!(
        room.file("runtime.env")
            .unwrap()
            .contains("value of DATABASE_URL")
    );
    assert_eq!(room.stale(), []);
}

#[test]
fn a_value_is_not_shown_by_debug() {
    let value = super::Value {
        text: SecretString::from("hush"),
        version: "1".to_owned(),
    };
    assert!(!format!("{value:?}").contains("hush"));
}
