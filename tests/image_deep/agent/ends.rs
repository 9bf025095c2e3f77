//! How a host comes to its end.

use std::fs;
use std::time::Duration;

use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::imds::SpotAction;
use valet_test_kit::wait::until;
use valet_test_kit::world::{ACTION, LIMIT};

use super::apart::apart;
use super::host::{Host, JOURNAL};

/// How often the runtime has noted this event.
fn noted(host: &Host, event: &str) -> usize {
    let journal = fs::read_to_string(host.container.path(JOURNAL)).unwrap_or_default();
    journal.matches(&format!("{{\"event\":\"{event}\"")).count()
}

#[test]
fn a_spot_notice_drains_the_host() {
    apart(
        "agent::ends::a_spot_notice_drains_the_host",
        async |parts| {
            let host = Host::ready(&parts).await;
            until(LIMIT, "Hatchet sees the worker", || {
                host.engine
                    .workers()
                    .iter()
                    .any(|worker| worker.status == "ACTIVE")
            })
            .await;
            let task = host.engine.push(ACTION, &json!({ "ms": 3000 }), 3);
            until(LIMIT, "the task runs", || noted(&host, "began") == 1).await;
            host.imds
                .announce_spot(SpotAction::Terminate, Duration::from_mins(2));
            // The group takes notice as well.
            host.imds.set_target_state("Terminated");
            host.reaches(State::Draining).await;
            assert_eq!(host.status().map(|status| status.leases), Some(1));
            host.reaches(State::Stopped).await;

            let task = host.engine.task(&task).expect("it was pushed");
            assert!(task.is_completed(), "{task:#?}");
            assert_eq!((noted(&host, "ended"), noted(&host, "aborted")), (1, 0));
            let is = |name: &str| host.container.property(units::RUNTIME, name);
            assert_eq!(
                (is("ActiveState"), is("Result")),
                ("inactive".to_owned(), "success".to_owned())
            );
            until(LIMIT, "the group hears of it", || {
                !host.aws.calls_of("CompleteLifecycleAction").is_empty()
            })
            .await;
            let completed = host.aws.calls_of("CompleteLifecycleAction");
            assert_eq!(
                completed[0].parameters["LifecycleHookName"],
                host.config.group.hook
            );
            assert_eq!(
                completed[0].parameters["AutoScalingGroupName"],
                host.config.group.name
            );
            // The agent stays, to say how the host is.
            assert_eq!(
                host.container.property(units::WORKER, "SubState"),
                "running"
            );
        },
    );
}

#[test]
fn systemd_stops_it_without_a_fault() {
    apart(
        "agent::ends::systemd_stops_it_without_a_fault",
        async |parts| {
            let host = Host::ready(&parts).await;
            host.container.ran(&["systemctl", "stop", units::WORKER]);
            let is = |name: &str| host.container.property(units::WORKER, name);
            assert_eq!(
                (is("ActiveState"), is("Result")),
                ("inactive".to_owned(), "success".to_owned())
            );
            assert_eq!(
                (is("ExecMainCode"), is("ExecMainStatus")),
                ("1".to_owned(), "0".to_owned())
            );
            // It has stopped the runtime by itself before: nothing else would have.
            assert_eq!(
                host.container.property(units::RUNTIME, "ActiveState"),
                "inactive"
            );
            let log = host.log();
            let last = log.iter().rfind(|line| line["message"] == "state");
            assert_eq!(last.expect("it changed")["to"], "stopped", "{log:#?}");
            // What AdsPower and the runtime read is kept for the next one.
            assert!(host.container.path("run/valet/runtime.env").exists());
        },
    );
}
