//! What the agent costs at the pace of a fleet: that is what a host pays for, hour after hour.

use std::time::{Duration, Instant};

use valet_protocol::Config;
use valet_protocol::local_api::State;

use super::{Setup, minutes, scheduled, seconds};

/// What comes after `ready` and not again: labels, the launch hook, the first reports.
const SETTLES: Duration = Duration::from_secs(30);

/// Processor time of an idle host, by the times that valet-gen renders.
pub async fn production_hour() {
    let minutes = minutes();
    let mut setup = Setup::new(true, at_pace).await;
    setup.run();
    setup.harness.reaches(State::Ready).await;
    tokio::time::sleep(SETTLES).await;
    let pid = setup.harness.agent().pid();
    let (began, before) = (Instant::now(), scheduled(pid));
    tokio::time::sleep(minutes).await;
    let spent = scheduled(pid).saturating_sub(before).as_secs_f64();
    let hours = began.elapsed().as_secs_f64() / 3600.0;
    println!(
        "processor, at the pace of production: {:.2} s an hour, over {} minutes",
        spent / hours,
        minutes.as_secs() / 60
    );
}

/// The times of `generated/production/terraform/instance.json` and `image.toml`.
fn at_pace(config: &mut Config) {
    let whole = |value: u64| seconds(Duration::from_secs(value));
    config.heartbeat.interval_seconds = whole(30);
    config.metrics.interval_seconds = whole(60);
    config.notices.interval_seconds = whole(5);
    config.services.interval_seconds = whole(5);
    config.services.failures = 3;
    config.rotation.interval_seconds = whole(300);
}
