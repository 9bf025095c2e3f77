//! The agent beside a program in Node that does the least of the same, both at one cycle a second, in one run.

use std::time::{Duration, Instant};

use tokio::process::Command;
use valet_protocol::local_api::State;

use super::{Setup, minutes, scheduled, seconds};

/// What each begins with and does not do again.
const SETTLES: Duration = Duration::from_secs(10);

/// Processor time of both for 1,000 cycles.
pub async fn beside_node() {
    let mut setup = Setup::new(true, |config| {
        let cycle = seconds(Duration::from_secs(1));
        config.heartbeat.interval_seconds = cycle;
        config.metrics.interval_seconds = cycle;
        config.notices.interval_seconds = cycle;
        config.services.interval_seconds = seconds(Duration::from_secs(5));
        config.rotation.interval_seconds = seconds(Duration::from_mins(5));
    })
    .await;
    setup.run();
    setup.harness.reaches(State::Ready).await;
    let of_agent = |name: &str| {
        let mut environment = setup.environment.iter();
        let found = environment.find(|(variable, _)| *variable == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let heartbeat = setup.harness.config.heartbeat.url.clone();
    let node = Command::new("node")
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/benches/cost/reference.mjs"
        ))
        .env("HEARTBEAT_URL", heartbeat.unwrap_or_default())
        .env("METRICS_URL", of_agent("AWS_ENDPOINT_URL_CLOUDWATCH"))
        .env("METADATA_URL", setup.harness.imds.url())
        .env("NODE_EXTRA_CA_CERTS", of_agent("SSL_CERT_FILE"))
        .kill_on_drop(true)
        .spawn()
        .expect("node starts");
    tokio::time::sleep(SETTLES).await;
    let processes = [
        ("the agent", setup.harness.agent().pid()),
        ("Node", node.id().expect("it runs")),
    ];
    let before = processes.map(|(_, pid)| scheduled(pid));
    let began = Instant::now();
    tokio::time::sleep(minutes()).await;
    for ((name, pid), before) in processes.into_iter().zip(before) {
        let spent = scheduled(pid).saturating_sub(before);
        let per_thousand = spent.as_secs_f64() * 1000.0 / began.elapsed().as_secs_f64();
        println!("processor, one cycle a second, {name}: {per_thousand:.2} s per 1,000 cycles");
    }
}
