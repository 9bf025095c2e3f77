//! How a host comes to its end.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{ACTION, LIMIT};
use valet_test_kit::imds::SpotAction;
use valet_test_kit::wait::until;

use super::apart::{apart, ran};
use super::host::{Host, JOURNAL};

/// How often the runtime has noted this event.
fn noted(host: &Host, event: &str) -> usize {
    let journal = fs::read_to_string(host.container.on_disk(JOURNAL)).unwrap_or_default();
    journal.matches(&format!("{{\"event\":\"{event}\"")).count()
}

/// Milliseconds of a task that still runs when a busy machine has carried out the next command.
const LONG_TASK: u32 = 15_000;

/// Has Hatchet assign a task that takes so many milliseconds, and waits until it runs.
async fn runs_a_task(host: &Host, milliseconds: u32) -> String {
    until(LIMIT, "Hatchet sees the worker", || {
        let workers = host.engine.workers();
        workers.iter().any(|worker| worker.status == "ACTIVE")
    })
    .await;
    let input = json!({ "ms": milliseconds });
    let task = host.engine.push(ACTION, &input, 3);
    until(LIMIT, "the task runs", || noted(host, "began") == 1).await;
    task
}

#[test]
fn a_spot_notice_drains_the_host() {
    apart(
        "agent::ends::a_spot_notice_drains_the_host",
        async |parts| {
            let host = Host::ready(&parts).await;
            let task = runs_a_task(&host, LONG_TASK).await;
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
            // The hook of the launch was completed when the host was ready.
            let completed = || {
                let mut calls = host.aws.calls_of("CompleteLifecycleAction");
                calls.retain(|call| call.parameters["LifecycleHookName"] == host.config.group.hook);
                calls
            };
            until(LIMIT, "the group hears of it", || !completed().is_empty()).await;
            assert_eq!(
                completed()[0].parameters["AutoScalingGroupName"],
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

/// systemd stops units side by side when a host goes down: what the agent needs to the end, it has to
/// name.
#[test]
fn a_host_that_goes_down_lets_its_tasks_end() {
    let name = "agent::ends::a_host_that_goes_down_lets_its_tasks_end";
    apart(name, async |parts| {
        let host = Host::ready(&parts).await;
        let task = runs_a_task(&host, LONG_TASK).await;
        host.container.ran(&["systemctl", "poweroff"]);
        until(LIMIT, "the host is down", || !host.container.is_up()).await;

        let journal = host.container.on_disk("var/log/journal");
        let mut read = Command::new("journalctl");
        read.arg("--directory").arg(journal);
        let said = ran(read.args(["--no-pager", "--output=short-precise"]));
        let task = host.engine.task(&task).expect("it was pushed");
        assert!(task.is_completed(), "{task:#?}\n{said}");
        assert_eq!((noted(&host, "ended"), noted(&host, "aborted")), (1, 0));
        let end = "\"to\":\"stopped\",\"cause\":\"drain finished\"";
        assert!(said.contains(end), "{said}");
        for fault in [
            "the runtime did not stop within runtime.stop_seconds",
            "could not be told of the end in time",
            "systemd does not say",
            "valet-worker.service: Failed",
            "valet-runtime.service: Failed",
        ] {
            assert!(!said.contains(fault), "{fault}\n{said}");
        }
    });
}

/// The agent can do nothing about it, and asks again at its own pace.
#[test]
fn without_a_bus_it_waits() {
    apart("agent::ends::without_a_bus_it_waits", async |parts| {
        let host = Host::ready(&parts).await;
        let bus = ["dbus.socket", "dbus.service"];
        host.container
            .ran(&[&["systemctl", "stop"], &bus[..]].concat());
        host.container.ran(&["valet-worker", "drain"]);
        let may_stop = || {
            host.log()
                .iter()
                .any(|line| line["message"] == "no task runs: the runtime may stop")
        };
        until(LIMIT, "it would stop the runtime", may_stop).await;
        let (began, before) = (Instant::now(), processor_time(&host));
        // What is measured is a share of this time, however long the sleep really is.
        tokio::time::sleep(Duration::from_secs(4)).await;
        let taken = processor_time(&host) - before;
        let passed = began.elapsed().as_millis() / 10;
        assert!(
            u128::from(taken) < passed / 4,
            "{taken} of {passed} hundredths of a second"
        );
        assert_eq!(
            host.status().map(|status| status.state),
            Some(State::Draining)
        );
    });
}

/// What the agent has taken of a processor, in hundredths of a second.
fn processor_time(host: &Host) -> u64 {
    let pid = host.container.property(units::WORKER, "MainPID");
    let line = host.container.ran(&["cat", &format!("/proc/{pid}/stat")]);
    // proc_pid_stat(5): the 14th and the 15th field; the name before them is in brackets.
    let (_, fields) = line.rsplit_once(')').expect("a name");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = fields[11..13]
        .iter()
        .map(|field| field.parse::<u64>().expect("ticks"));
    ticks.sum()
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
