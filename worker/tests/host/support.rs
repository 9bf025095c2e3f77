//! What the cases share.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;
use valet_protocol::config::{Config, LaunchHook};
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{ACTION, Harness, LIMIT};
use valet_test_kit::hatchet::{Pace, TaskRun};
use valet_test_kit::wait::until;
use valet_test_kit::{node, skip};

/// The agent that these tests are about.
pub fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_valet-worker"))
}

/// A harness whose agent does not run yet; nothing where this machine lacks what it takes.
pub async fn harness(adjust: impl FnOnce(&mut Config)) -> Option<Harness> {
    world_at_pace(Pace::default(), adjust).await
}

/// The same, with another pace of the engine.
pub async fn world_at_pace(pace: Pace, adjust: impl FnOnce(&mut Config)) -> Option<Harness> {
    if !node::is_there() {
        skip("node 20 and npm are needed for the runtime");
        return None;
    }
    let harness = Harness::start_at_pace(binary(), pace, adjust).await;
    Some(harness.unwrap_or_else(|why| panic!("the harness does not start: {why}")))
}

/// A harness whose host takes tasks.
pub async fn ready_world(adjust: impl FnOnce(&mut Config)) -> Option<Harness> {
    let mut harness = harness(adjust).await?;
    harness.get_ready().await;
    Some(harness)
}

/// A launch lifecycle hook of the group.
pub fn launch_hook() -> LaunchHook {
    LaunchHook {
        name: "valet-workers-spot-launch".to_owned(),
        seconds: 30,
    }
}

/// Pushes a task that takes this long.
pub fn push(harness: &Harness, takes: Duration) -> String {
    let input = json!({ "ms": takes.as_millis() as u64 });
    harness.engine.push(ACTION, &input, 3)
}

/// Waits until this is so of a task.
pub async fn until_task(harness: &Harness, id: &str, what: &str, is_so: impl Fn(&TaskRun) -> bool) {
    until(LIMIT, what, || {
        harness.engine.task(id).is_some_and(|task| is_so(&task))
    })
    .await;
}

/// Pushes tasks that run until they are stopped, and waits until the runtime runs all of them.
pub async fn push_endless(harness: &Harness, number: usize) -> Vec<String> {
    push_running(harness, number, &json!({ "endless": true })).await
}

/// Pushes tasks of this input and waits until the runtime runs all of them.
pub async fn push_running(harness: &Harness, number: usize, input: &Value) -> Vec<String> {
    let before = harness.journal_of("began").len();
    let tasks: Vec<String> = (0..number)
        .map(|_| harness.engine.push(ACTION, input, 3))
        .collect();
    until(LIMIT, "all tasks run", || {
        harness.journal_of("began").len() == before + number
    })
    .await;
    tasks
}

/// How often a runtime has said who it is. Beside other work it may do so twice for one start, when its connection is cut:
/// a test waits for more of it than before, and for no number.
pub fn registrations(harness: &Harness) -> usize {
    harness.agent_log().matches("runtime registered").count()
}

/// Starts the agent, and waits until it is ready and the runtime has said again who it is.
pub async fn start_again(harness: &mut Harness) {
    let known = registrations(harness);
    harness.run_agent().expect("the agent starts");
    harness.reaches(State::Ready).await;
    until(LIMIT, "the runtime has said again who it is", || {
        registrations(harness) > known
    })
    .await;
}

/// Waits until the host is unhealthy, has said so to its group, and runs nothing any more.
pub async fn replaced(harness: &Harness) {
    harness.reaches(State::Unhealthy).await;
    until(LIMIT, "the group knows", || {
        !harness.aws.calls_of("SetInstanceHealth").is_empty()
    })
    .await;
    let call = &harness.aws.calls_of("SetInstanceHealth")[0];
    assert_eq!(call.parameters["HealthStatus"], "Unhealthy");
    assert_eq!(call.parameters["InstanceId"], "i-0123456789abcdef0");
    until(LIMIT, "the runtime does not run", || {
        harness.systemd.active_state(units::RUNTIME) != Some("active")
    })
    .await;
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
}

/// Runs a command of the agent's program: its exit code and what it printed.
pub async fn run(harness: &Harness, arguments: &[&str]) -> (i32, Value, String) {
    let output = Command::new(binary())
        .args(arguments)
        .arg("--config")
        .arg(harness.configuration())
        .env_clear()
        .envs(harness.environment().expect("moto runs"))
        .stdin(Stdio::null())
        .output()
        .await
        .expect("it starts");
    let printed = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), printed, said)
}
