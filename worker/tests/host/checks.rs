//! What holds after every case is really looked at: each of these worlds has something wrong.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use valet_test_kit::harness::{Harness, LIMIT};
use valet_test_kit::{node, skip};

use crate::support::ready_world;

/// Adds a line to the agent's log.
fn log(harness: &Harness, line: &str) {
    let place = harness.folder().join("agent.log");
    let file = std::fs::OpenOptions::new().append(true).open(place);
    writeln!(file.expect("the agent has logged"), "{line}").expect("it is written");
}

/// What the end of a harness complains of.
async fn complaint(harness: Harness) -> String {
    let ended = tokio::spawn(harness.end()).await;
    let panic = ended.expect_err("something is wrong").into_panic();
    *panic.downcast::<String>().expect("words")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_log_is_found() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let key = harness.values.get("WORKER_API_KEY").to_owned();
    log(&harness, &format!("sending {key} somewhere"));
    assert!(
        complaint(harness)
            .await
            .contains("the agent's log has a secret")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_command_line_and_a_panic_are_found() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    log(&harness, "thread 'main' panicked at src/main.rs:1:1:");
    let key = harness.values.get("ADSPOWER_API_TOKEN").to_owned();
    let careless = tokio::process::Command::new("sleep")
        .args(["600", "600"])
        .arg0(format!("sleep {key}"))
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    // The kernel lets the parent go on a moment before the child's arguments can be read.
    let place = format!("/proc/{}/cmdline", careless.id().expect("it runs"));
    valet_test_kit::wait::until(LIMIT, "its arguments can be read", || {
        std::fs::read_to_string(&place).is_ok_and(|command| command.contains(&key))
    })
    .await;
    let complaint = complaint(harness).await;
    assert!(complaint.contains("a panic: "), "{complaint}");
    assert!(complaint.contains("the command line of"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_nobody_counted_is_found() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    valet_test_kit::wait::until(LIMIT, "reports have arrived", || {
        harness.aws.puts().len() > 2
    })
    .await;
    // One more than can be under way while it is looked.
    harness.aws.forget_a_put();
    harness.aws.forget_a_put();
    assert!(complaint(harness).await.contains("metrics: "));
}

/// A program in the agent's place that does not wait for its child.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_nobody_waits_for_is_found() {
    if !node::is_there() {
        skip("node 20 and npm are needed for the runtime");
        return;
    }
    let folder = tempfile::tempdir().expect("made");
    let careless = folder.path().join("careless");
    let script = "#!/bin/sh\nsleep 0 &\nexec sleep 600\n";
    std::fs::write(&careless, script).expect("written");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&careless, executable).expect("it is ours");
    let mut harness = Harness::start(&careless, |_| {}).await.expect("it starts");
    harness.run_agent().expect("it starts");
    let children = format!("/proc/{0}/task/{0}/children", harness.agent().pid());
    valet_test_kit::wait::until(LIMIT, "its child has ended", || {
        let children = std::fs::read_to_string(&children).unwrap_or_default();
        children.split_whitespace().any(|child| {
            let status = std::fs::read_to_string(format!("/proc/{child}/status"));
            status.is_ok_and(|status| status.contains("State:\tZ"))
        })
    })
    .await;
    assert!(complaint(harness).await.contains("a zombie: "));
}
