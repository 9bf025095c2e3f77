//! Every route with every role, as the OpenAPI document says.

use std::time::Instant;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::json;
use valet_control::access::{self, NewToken, Role};

use crate::support::{Answer, Api};

#[tokio::test(flavor = "multi_thread")]
async fn every_route_asks_for_the_role_that_openapi_says() {
    let Some(api) = Api::start().await else {
        return;
    };
    let document = valet_control::http::document();
    let mut checked = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let Some(needed) = operation["security"][0]["token"][0].as_str() else {
                assert!(
                    path == "/api/v1/sandboxes/enrol" || path == "/api/v1/sandboxes/heartbeat",
                    "{path} asks for no role"
                );
                continue;
            };
            let method: Method = method.to_uppercase().parse().expect("a method");
            let mut url = path.replace("{id}", "x");
            if path == "/api/v1/events" {
                url += "?forSeconds=1";
            }
            let roles = ["viewer", "operator", "admin"];
            let rank = |role: &str| {
                roles
                    .iter()
                    .position(|known| *known == role)
                    .expect("a role")
            };
            for (role, token) in roles.iter().zip([&api.viewer, &api.operator, &api.admin]) {
                let Answer { status, .. } =
                    api.send(method.clone(), &url, token, Some(json!({}))).await;
                let is_allowed = rank(role) >= rank(needed);
                assert_eq!(
                    status != 403,
                    is_allowed,
                    "{method} {path} with {role}: {status}"
                );
            }
            for (token, code) in [("", "token.missing"), ("vct_forged", "token.refused")] {
                let answer = api.send(method.clone(), &url, token, Some(json!({}))).await;
                assert_eq!(
                    (answer.status, answer.code()),
                    (401, code),
                    "{method} {path}"
                );
            }
            checked += 1;
        }
    }
    assert!(checked >= 16, "{checked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_when_it_is_revoked_or_its_time_is_over() {
    let Some(api) = Api::start().await else {
        return;
    };
    let new = json!({ "name": "robot", "role": "viewer", "lifetimeSeconds": 3600 });
    let made = api.post("/api/v1/tokens", new).await.ok();
    let secret = made["secret"].as_str().expect("a secret");
    let list = async || {
        api.send(Method::GET, "/api/v1/sandboxes", secret, None)
            .await
    };
    list().await.ok();
    let path = format!(
        "/api/v1/tokens/{}/revoke",
        made["id"].as_str().expect("an id")
    );
    api.post(&path, json!({})).await.ok();
    assert_eq!(list().await.code(), "token.refused");
    let local = NewToken {
        name: "local".to_owned(),
        role: Role::Admin,
        lifetime_seconds: None,
        loopback_only: true,
    };
    let (_, local) = access::create(&api.database, &local)
        .await
        .expect("a token");
    access::authenticate(&api.database, &local, [127, 0, 0, 1].into())
        .await
        .expect("it counts here");
    let refused = access::authenticate(&api.database, &local, [10, 0, 0, 1].into())
        .await
        .expect_err("it does not count there");
    assert_eq!(
        refused.to_string(),
        "error[token.refused]: the token is unknown, has ended or was revoked: this token works for clients of the server's machine only\n  = help: ask an admin for a new one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_for_one_second_to_ten_years() {
    let Some(api) = Api::start().await else {
        return;
    };
    for (seconds, status) in [(0, 422), (1, 200), (315_360_000, 200), (315_360_001, 422)] {
        let body = json!({ "name": "ci", "role": "viewer", "lifetimeSeconds": seconds });
        let answer = api.post("/api/v1/tokens", body).await;
        assert_eq!(answer.status, status, "{seconds} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_too_often_waits_and_nobody_else_does() {
    let Some(api) = Api::start().await else {
        return;
    };
    // At most 200 at once and 20 each second, however quick this machine is.
    let began = Instant::now();
    let asked = (0..500).map(|_| api.send(Method::GET, "/api/v1/sessions", &api.viewer, None));
    let answers = join_all(asked).await;
    let most = 201.0 + 20.0 * began.elapsed().as_secs_f64();
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    assert!((served as f64) <= most, "{served} were served");
    let limited = answers.iter().filter(|answer| answer.status == 429);
    assert!(
        limited
            .clone()
            .all(|answer| answer.code() == "rate.limited")
    );
    assert!(limited.count() > 0, "nobody had to wait");
    // Of those that were let through, a busy machine may have no connection to its database in time.
    let let_through = |answer: &&Answer| answer.status != 429;
    for answer in answers.iter().filter(let_through) {
        assert!([200, 503].contains(&answer.status), "{answer:?}");
    }
    api.send(Method::GET, "/api/v1/sessions", &api.operator, None)
        .await
        .ok();
}
