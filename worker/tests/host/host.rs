//! Trouble with the host itself: a full disk, a clock that jumps.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use serde_json::json;
use valet_protocol::local_api::State;
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::imds::SpotAction;
use valet_test_kit::skip;
use valet_test_kit::wait::until;
use valet_test_kit::world::LIMIT;

use crate::support::{push, push_running, ready_world, replaced, until_task, world};

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
    let Some(mut world) = world(|config| config.heal.disk_percent = 90).await else {
        return;
    };
    let Some(disk) = SmallDisk::at(&world.folder().join("state")) else {
        return;
    };
    world.get_ready().await;
    let running = push_running(&world, 1, &json!({ "ms": 4000 })).await;
    disk.fill();
    replaced(&world).await;
    assert!(
        world
            .engine
            .task(&running[0])
            .is_some_and(|task| task.is_completed())
    );
    let status = world.status().await.expect("the agent answers");
    assert!(status.cause.contains("disk"), "{}", status.cause);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_no_room_for_what_it_keeps_it_still_drains() {
    let Some(mut world) = world(|_| {}).await else {
        return;
    };
    let Some(disk) = SmallDisk::at(&world.folder().join("run")) else {
        return;
    };
    world.get_ready().await;
    disk.fill();
    let running = push_running(&world, 1, &json!({ "ms": 3000 })).await;
    world
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_mins(2));
    world.reaches(State::Stopped).await;
    assert!(
        world
            .engine
            .task(&running[0])
            .is_some_and(|task| task.is_completed())
    );
    assert!(
        world
            .agent_log()
            .contains("the state cannot be saved; a restarted agent would not know of it")
    );
    disk.free();
    world.end().await;
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
    let Some(mut world) = world(|_| {}).await else {
        return;
    };
    let clock = world.folder().join("clock");
    let jump = |by: &str| std::fs::write(&clock, by).expect("it is written");
    jump("+0");
    world.clock_jumps = true;
    world
        .run_agent_with(&[
            ("LD_PRELOAD", &library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", &clock.display().to_string()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ])
        .expect("the agent starts");
    world.reaches(State::Ready).await;
    let day = world.status().await.expect("the agent answers").since;

    let running = push_running(&world, 1, &json!({ "ms": 6000 })).await;
    world
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_mins(2));
    world.reaches(State::Draining).await;
    jump("+86400");
    tokio::time::sleep(Duration::from_secs(1)).await;
    jump("-86400");
    tokio::time::sleep(Duration::from_secs(1)).await;
    jump("+86400");
    until_task(&world, &running[0], "it completes", TaskRun::is_completed).await;
    world.reaches(State::Stopped).await;
    assert!(
        world.journal_of("aborted").is_empty(),
        "given back before its time"
    );
    let later = world.status().await.expect("the agent answers").since;
    assert!(
        later.duration_since(day).as_hours() > 20,
        "the agent's clock did not jump"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_a_day_off_gives_neither_no_time_nor_too_much() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    let running = push_running(&world, 1, &json!({ "ms": 2000 })).await;
    // As a clock sees it that is a day behind: EC2's notice is never further ahead than two minutes.
    world
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_hours(24));
    world.reaches(State::Draining).await;
    let drain = world
        .status()
        .await
        .and_then(|status| status.drain)
        .expect("it drains");
    let deadline = drain.deadline.expect("a spot notice has one");
    let left = deadline.duration_since(drain.began);
    assert!(left.as_secs() <= 120, "{left:?}");
    until_task(&world, &running[0], "it completes", TaskRun::is_completed).await;
    world.reaches(State::Stopped).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_stays_as_it_is_over_many_looks() {
    let Some(mut world) = ready_world(|config| {
        let quick = valet_test_kit::world::configuration::seconds(0.02);
        config.notices.interval_seconds = quick;
        config.services.interval_seconds = quick;
    })
    .await
    else {
        return;
    };
    let pid = world.agent().pid();
    let looks = || world.imds.asked().len();
    let memory = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kibibytes
            .and_then(|text| text.parse::<u64>().ok())
            .expect("a figure")
    };
    until(LIMIT, "it is warm", || looks() > 400).await;
    let (warm, task) = (memory(), push(&world, Duration::from_millis(100)));
    until_task(&world, &task, "it completes", TaskRun::is_completed).await;
    until(LIMIT, "it has looked often", || looks() > 2400).await;
    let grown = memory().saturating_sub(warm);
    assert!(grown < 1024, "{grown} KiB more than {warm} KiB");
    world.end().await;
}
