//! Trouble with the host itself: a full disk, a clock that jumps.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::Method;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use serde_json::json;
use valet_protocol::local_api::State;
use valet_test_kit::harness::LIMIT;
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::imds::SpotAction;
use valet_test_kit::wait::until;
use valet_test_kit::{http, skip};

use crate::support::{harness, push, push_running, ready_world, replaced, until_task};

/// A small file system in memory, which is taken away with this value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// At this folder; nothing where this process may not mount.
    fn at(folder: &Path) -> Option<Self> {
        let options = c"size=256k";
        match mount("tmpfs", folder, "tmpfs", MountFlags::empty(), options) {
            Ok(()) => Some(Self(folder.to_owned())),
            Err(error) => {
                skip(&format!("a file system cannot be mounted here: {error}"));
                None
            }
        }
    }

    /// Writes until nothing fits any more.
    fn fill(&self) {
        let filled = std::fs::write(self.0.join("filler"), vec![1; 1 << 20]);
        assert!(filled.is_err(), "the disk is larger than it should be");
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_has_the_host_drained_and_replaced() {
    let Some(mut harness) = harness(|config| config.heal.disk_percent = 90).await else {
        return;
    };
    let Some(disk) = SmallDisk::at(&harness.folder().join("state")) else {
        return;
    };
    harness.get_ready().await;
    let running = push_running(&harness, 1, &json!({ "ms": 4000 })).await;
    disk.fill();
    replaced(&harness).await;
    assert!(
        harness
            .engine
            .task(&running[0])
            .is_some_and(|task| task.is_completed())
    );
    let status = harness.status().await.expect("the agent answers");
    assert!(status.cause.contains("disk"), "{}", status.cause);
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_no_room_for_what_it_keeps_it_still_drains() {
    let Some(mut harness) = harness(|_| {}).await else {
        return;
    };
    let Some(disk) = SmallDisk::at(&harness.folder().join("run")) else {
        return;
    };
    harness.get_ready().await;
    disk.fill();
    let running = push_running(&harness, 1, &json!({ "ms": 3000 })).await;
    harness
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_mins(2));
    harness.reaches(State::Stopped).await;
    assert!(
        harness
            .engine
            .task(&running[0])
            .is_some_and(|task| task.is_completed())
    );
    assert!(
        harness
            .agent_log()
            .contains("the state cannot be saved; a restarted agent would not know of it")
    );
    disk.free();
    harness.end().await;
}

/// libfaketime, by which one process sees another clock.
fn faketime() -> Option<PathBuf> {
    let folders = ["x86_64-linux-gnu", "aarch64-linux-gnu"];
    let places = folders.map(|folder| format!("/usr/lib/{folder}/faketime/libfaketime.so.1"));
    let found = places
        .iter()
        .map(PathBuf::from)
        .find(|place| place.is_file());
    if found.is_none() {
        skip("libfaketime is needed for a clock that jumps");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_a_day_moves_no_deadline() {
    let Some(library) = faketime() else {
        return;
    };
    let Some(mut harness) = harness(|_| {}).await else {
        return;
    };
    let clock = harness.folder().join("clock");
    let jump = |by: &str| std::fs::write(&clock, by).expect("it is written");
    jump("+0");
    harness.clock_jumps = true;
    harness
        .run_agent_with(&[
            ("LD_PRELOAD", &library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", &clock.display().to_string()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ])
        .expect("the agent starts");
    harness.reaches(State::Ready).await;
    let day = harness.status().await.expect("the agent answers").since;

    let running = push_running(&harness, 1, &json!({ "ms": 6000 })).await;
    harness
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_mins(2));
    harness.reaches(State::Draining).await;
    jump("+86400");
    tokio::time::sleep(Duration::from_secs(1)).await;
    jump("-86400");
    tokio::time::sleep(Duration::from_secs(1)).await;
    jump("+86400");
    until_task(&harness, &running[0], "it completes", TaskRun::is_completed).await;
    harness.reaches(State::Stopped).await;
    assert!(
        harness.journal_of("aborted").is_empty(),
        "given back before its time"
    );
    let later = harness.status().await.expect("the agent answers").since;
    assert!(
        later.duration_since(day).as_hours() > 20,
        "the agent's clock did not jump"
    );
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_a_day_off_gives_neither_no_time_nor_too_much() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let running = push_running(&harness, 1, &json!({ "ms": 2000 })).await;
    // As a clock sees it that is a day behind: EC2's notice is never further ahead than two minutes.
    harness
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_hours(24));
    harness.reaches(State::Draining).await;
    let drain = harness
        .status()
        .await
        .and_then(|status| status.drain)
        .expect("it drains");
    let deadline = drain.deadline.expect("a spot notice has one");
    let left = deadline.duration_since(drain.began);
    assert!(left.as_secs() <= 120, "{left:?}");
    until_task(&harness, &running[0], "it completes", TaskRun::is_completed).await;
    harness.reaches(State::Stopped).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_stays_as_it_is_over_many_looks() {
    let Some(mut harness) = ready_world(|config| {
        let quick = valet_test_kit::harness::configuration::seconds(0.02);
        config.notices.interval_seconds = quick;
        config.services.interval_seconds = quick;
    })
    .await
    else {
        return;
    };
    let pid = harness.agent().pid();
    let looks = || harness.imds.asked().len();
    let memory = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kibibytes
            .and_then(|text| text.parse::<u64>().ok())
            .expect("a figure")
    };
    until(LIMIT, "it is warm", || looks() > 400).await;
    let (warm, task) = (memory(), push(&harness, Duration::from_millis(100)));
    until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
    until(LIMIT, "it has looked often", || looks() > 2400).await;
    let grown = memory().saturating_sub(warm);
    assert!(grown < 1024, "{grown} KiB more than {warm} KiB");
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_reads_the_log_levels_again_and_the_metrics_port_has_figures() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let Some(mut harness) = ready_world(|config| config.metrics.port = Some(port)).await else {
        return;
    };
    let url = format!("http://127.0.0.1:{port}");
    let ask = async |method, path| {
        let response = http::send(method, &url, path, &[], String::new()).await;
        response.expect("the port is open")
    };
    let page = ask(Method::GET, "/metrics").await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("valet_worker_state{state=\"ready\"} 1"),
        "{}",
        page.body
    );
    assert_eq!(ask(Method::GET, "/v1/status").await.status, 404);
    assert_eq!(ask(Method::POST, "/metrics").await.status, 405);

    let pid = harness.agent().pid() as i32;
    let pid = rustix::process::Pid::from_raw(pid).expect("a process");
    let hang_up = || rustix::process::kill_process(pid, rustix::process::Signal::HUP);
    harness.config.log_levels = Some("info,valet_worker=loud".to_owned());
    harness.write_configuration().expect("written");
    hang_up().expect("it is ours");
    until(LIMIT, "the fault is logged", || {
        harness
            .agent_log()
            .contains("the configuration is not reloaded")
    })
    .await;
    harness.config.log_levels = Some("info,valet_worker=debug".to_owned());
    harness.write_configuration().expect("written");
    hang_up().expect("it is ours");
    until(LIMIT, "it is reloaded", || {
        harness
            .agent_log()
            .contains("the configuration was reloaded")
    })
    .await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!(status.state, State::Ready);
    harness.end().await;
}
