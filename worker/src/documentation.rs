//! docs/worker.md against what it tells of.

use std::path::Path;

use valet_protocol::WorkerMetric;
use valet_protocol::config::User;
use valet_protocol::local_api::{RefusalReason, State};

use crate::api::prometheus;
use crate::cli::exit::Exit;
use crate::state::{DrainSource, HostState, Service};
use crate::testing;

fn page() -> String {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/worker.md");
    std::fs::read_to_string(place).expect("docs/worker.md is there")
}

/// Asserts that the page has each of these between backquotes.
fn names(words: impl IntoIterator<Item = String>) {
    let page = page();
    for word in words {
        assert!(
            page.contains(&format!("`{word}`")),
            "docs/worker.md lacks `{word}`"
        );
    }
}

/// As serde writes a value that is a word.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).expect("a word");
    value.as_str().expect("a word").to_owned()
}

#[test]
fn it_has_every_metric() {
    names(WorkerMetric::ALL.map(|metric| metric.name().to_owned()));
}

#[test]
fn it_has_every_state() {
    // A new state does not compile here until somebody adds it below.
    let known = |state: State| match state {
        State::Starting | State::Ready | State::Draining | State::Unhealthy | State::Stopped => {}
    };
    let all = [
        State::Starting,
        State::Ready,
        State::Draining,
        State::Unhealthy,
        State::Stopped,
    ];
    names(all.map(|state| {
        known(state);
        state.as_str().to_owned()
    }));
}

#[test]
fn it_has_every_request_that_the_api_describes() {
    let source = include_str!("../protocol/src/local_api.rs");
    let requests: Vec<String> = source
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `"))
        .filter_map(|line| line.split_once('`'))
        .map(|(request, _)| request.to_owned())
        .collect();
    assert!(requests.len() >= 8, "{requests:?}");
    names(requests);
}

#[test]
fn it_has_every_reason_source_and_service() {
    names(
        [
            RefusalReason::Draining,
            RefusalReason::Unhealthy,
            RefusalReason::Starting,
            RefusalReason::NoSlots,
            RefusalReason::NotRegistered,
            RefusalReason::NotResumable,
            RefusalReason::Reassigned,
            RefusalReason::Malformed,
            RefusalReason::Forbidden,
            RefusalReason::NotFound,
            RefusalReason::MethodNotAllowed,
            RefusalReason::TooLarge,
            RefusalReason::Busy,
        ]
        .map(|reason| word(&reason)),
    );
    names(
        [
            DrainSource::Spot,
            DrainSource::Rebalance,
            DrainSource::Group,
            DrainSource::Maintenance,
            DrainSource::ValetApi,
            DrainSource::Operator,
            DrainSource::Sick,
            DrainSource::Refresh,
            DrainSource::Stop,
        ]
        .map(|source| word(&source)),
    );
    names(Service::ALL.map(|service| service.name().to_owned()));
}

#[test]
fn it_has_every_figure_of_the_metrics_page() {
    let mut current = HostState::new();
    current.measured.memory_percent = Some(1.0);
    current.measured.disk_percent = Some(1.0);
    current.measured.runtime_memory_percent = Some(1.0);
    current.measured.profiles = Some(1);
    current.hatchet.token_expires = Some(jiff::Timestamp::UNIX_EPOCH);
    let text = prometheus::text(&current);
    let figures: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .map(ToOwned::to_owned)
        .collect();
    assert!(figures.len() > 15, "{figures:?}");
    names(figures);
}

#[test]
fn it_has_every_exit_code_and_environment_file() {
    let page = page();
    for exit in [
        Exit::Success,
        Exit::No,
        Exit::Usage,
        Exit::Configuration,
        Exit::NoAgent,
        Exit::Broken,
    ] {
        let row = format!("\n| {} | ", exit.code());
        assert!(
            page.contains(&row),
            "docs/worker.md lacks the exit code {}",
            exit.code()
        );
    }
    let files = [User::Runtime, User::AdsPower];
    names(
        files
            .into_iter()
            .filter_map(|user| user.file().map(ToOwned::to_owned)),
    );
}

#[test]
fn its_heartbeat_is_one_that_the_agent_sends() {
    let page = page();
    let example = page
        .split("```json\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("an example in JSON");
    let example: valet_protocol::heartbeat::Heartbeat =
        serde_json::from_str(example).expect("a heartbeat");
    assert_eq!(example.instance_id, testing::identity().instance_id);
}
