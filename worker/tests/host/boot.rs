//! A boot that cannot succeed says why, and the host is replaced.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{Harness, LIMIT, configuration, remove_parameter};
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::wait::until;

use crate::support::{binary, harness, launch_hook, push, replaced, until_task};

/// What the agent says of a configuration, and its exit code.
async fn refused(text: &str) -> (i32, String) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let place = folder.path().join("worker.toml");
    std::fs::write(&place, text).expect("it is written");
    let output = Command::new(binary())
        .args(["run", "--config"])
        .arg(&place)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_configuration_is_refused_with_its_place() {
    let Some(harness) = harness(|_| {}).await else {
        return;
    };
    let good = std::fs::read_to_string(harness.configuration()).expect("it is there");
    let cases = [
        ("no = [toml", "line 1"),
        ("", "missing field"),
        (
            &good.replace("margin_seconds", "margins_seconds"),
            "unknown field `margins_seconds`",
        ),
        (
            &good.replace("margin_seconds = 4.0", "margin_seconds = -4.0"),
            "margin_seconds",
        ),
        (
            &good.replace("store = \"ssm\"", "store = \"vault\""),
            "unknown variant `vault`",
        ),
    ];
    for (text, says) in cases {
        assert_ne!(text, good);
        let (code, said) = refused(text).await;
        assert_eq!(code, 3, "{said}");
        assert!(
            said.contains(says) && said.contains("worker.toml"),
            "{says}: {said}"
        );
        assert!(!said.contains("panicked"), "{said}");
    }
    harness.end().await;
}

/// A host whose secret is like this comes up only to be replaced, and says the secret's name.
async fn unusable(harness: &mut Harness, name: &str, why: &str) {
    harness.run_agent().expect("the agent starts");
    replaced(harness).await;
    let status = harness.status().await.expect("the agent answers");
    assert!(
        status.cause.contains(name) && status.cause.contains(why),
        "{}",
        status.cause
    );
    assert_eq!(harness.systemd.starts(units::RUNTIME), 0);
    assert!(!harness.agent().notified().contains(&"READY=1".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_missing_is_named() {
    let Some(mut harness) = harness(|_| {}).await else {
        return;
    };
    let key = harness.config.secrets["DATABASE_URL"].key.clone();
    remove_parameter(&key).await.expect("it was there");
    unusable(&mut harness, "DATABASE_URL", "").await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_blank_is_named() {
    for (value, why) in [(" \n", "is empty"), ("changeme", "placeholder")] {
        let Some(mut harness) = harness(|_| {}).await else {
            return;
        };
        harness
            .put_secret("WORKER_API_KEY", value)
            .await
            .expect("moto takes it");
        unusable(&mut harness, "WORKER_API_KEY", why).await;
        harness.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_waits_for_the_value_in_the_place_of_a_placeholder() {
    let Some(mut harness) = harness(|config| config.group.launch_hook = Some(launch_hook())).await
    else {
        return;
    };
    let value = harness.values.get("WORKER_API_KEY").to_owned();
    let placeholder = valet_protocol::secrets::PLACEHOLDER;
    let put = harness.put_secret("WORKER_API_KEY", placeholder).await;
    put.expect("moto takes it");
    harness.run_agent().expect("the agent starts");
    until(LIMIT, "it says what it waits for", || {
        harness
            .agent_log()
            .contains("the host waits for secret values")
    })
    .await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!(status.state, State::Starting);
    assert!(status.cause.contains("WORKER_API_KEY"), "{}", status.cause);
    assert!(harness.aws.calls_of("SetInstanceHealth").is_empty());
    let put = harness.put_secret("WORKER_API_KEY", &value).await;
    put.expect("moto takes it");
    harness.reaches(State::Ready).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_reach_those_who_use_them_and_nobody_else() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(mut harness) = harness(|_| {}).await else {
        return;
    };
    harness.get_ready().await;
    let pid = harness
        .systemd
        .main_pid(units::RUNTIME)
        .expect("the runtime runs");
    let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("it is ours");
    let environment = String::from_utf8_lossy(&environment);
    let has = |name: &str| environment.contains(&format!("{name}={}\0", harness.values.get(name)));
    // One value has quotes of both kinds, a dollar sign and an apostrophe.
    assert!(has("DATABASE_URL") && has("HATCHET_CLIENT_TOKEN"));
    assert!(!has("WORKER_API_KEY") && !has("ADSPOWER_API_TOKEN"));
    let file = harness.folder().join("run/runtime.env");
    let mode = std::fs::metadata(file)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let agent = harness.agent().pid();
    let environment = std::fs::read(format!("/proc/{agent}/environ")).expect("it is ours");
    let environment = String::from_utf8_lossy(&environment).into_owned();
    assert!(
        harness
            .values
            .all()
            .all(|value| !environment.contains(value))
    );
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_changes_reaches_the_runtime_after_its_tasks() {
    let Some(mut harness) = harness(|_| {}).await else {
        return;
    };
    harness.get_ready().await;
    let task = push(&harness, Duration::from_secs(3));
    until(LIMIT, "it runs", || !harness.journal_of("began").is_empty()).await;
    let value = "postgres://kit:the-second-s3cr3t@db/valet";
    harness.values.add("the second DATABASE_URL", value);
    harness
        .put_secret("DATABASE_URL", value)
        .await
        .expect("moto takes it");
    until(LIMIT, "the runtime is restarted", || {
        harness.systemd.starts(units::RUNTIME) == 2
    })
    .await;
    let run = harness.engine.task(&task).expect("it was pushed");
    assert!(run.is_completed() && run.attempts.len() == 1, "{run:?}");
    harness.reaches(State::Ready).await;
    let pid = harness
        .systemd
        .main_pid(units::RUNTIME)
        .expect("the runtime runs");
    let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("it is ours");
    assert!(String::from_utf8_lossy(&environment).contains(value));
    let next = push(&harness, Duration::from_millis(100));
    until_task(&harness, &next, "it completes", TaskRun::is_completed).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_takes_too_long_has_the_host_replaced() {
    let Some(mut harness) = harness(|config| {
        config.start.services_seconds = configuration::seconds(2.0);
    })
    .await
    else {
        return;
    };
    harness.systemd.refuse_starts(units::XVFB, true);
    harness.systemd.kill(units::XVFB).await;
    harness.run_agent().expect("the agent starts");
    replaced(&harness).await;
    let status = harness.status().await.expect("the agent answers");
    assert!(status.cause.contains("xvfb"), "{}", status.cause);
    harness.end().await;
}
