//! One host: the real agent and a real runtime.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use valet_protocol::Seconds;
use valet_protocol::config::Config;
use valet_protocol::local_api::State;
use valet_test_kit::harness::Harness;
use valet_test_kit::hatchet::Engine;
use valet_test_kit::identity::Signer;
use valet_test_kit::imds::Instance;

/// How long a host may take until it takes tasks, on a machine that is busy.
const START_TIMEOUT: Duration = Duration::from_mins(3);
/// How long an agent may take to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// What every host of the fleet is made of.
pub struct Parts {
    /// The agent's program.
    pub agent: PathBuf,
    pub engine: Arc<Engine>,
    pub signer: Signer,
    /// Where heartbeats go.
    pub heartbeats: String,
    /// The fleet's key.
    pub key: String,
}

/// Starts a host, and waits until it takes tasks.
///
/// # Errors
///
/// When it does not; in words.
pub async fn start(parts: &Parts, instance: Instance) -> Result<Harness, String> {
    let signed = parts.signer.rsa2048(&instance, Timestamp::now())?;
    let engine = parts.engine.clone();
    let adjust = |config: &mut Config| configure(config, &parts.heartbeats);
    let mut harness = Harness::start_member(&parts.agent, instance, engine, adjust).await?;
    harness.imds.set_rsa2048(&signed);
    harness.put_secret("WORKER_API_KEY", &parts.key).await?;
    harness.run_agent()?;
    let began = Instant::now();
    loop {
        let status = harness.status().await;
        if status.is_some_and(|status| status.state == State::Ready) {
            return Ok(harness);
        }
        if let Some(status) = harness.agent().ended() {
            let log = harness.agent_log();
            let last = log.lines().last().unwrap_or_default();
            return Err(format!("its agent has ended ({status}): {last}"));
        }
        if began.elapsed() > START_TIMEOUT {
            return Err(format!("it takes no tasks after {START_TIMEOUT:?}"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The times of a host on which somebody looks, and that does not run alone on its machine.
fn configure(config: &mut Config, heartbeats: &str) {
    config.heartbeat.url = Some(heartbeats.to_owned());
    for (time, value) in [
        (&mut config.heartbeat.interval_seconds, 2.0),
        (&mut config.notices.interval_seconds, 2.0),
        (&mut config.services.interval_seconds, 2.0),
        (&mut config.metrics.interval_seconds, 30.0),
        (&mut config.rotation.interval_seconds, 60.0),
        (&mut config.drain.task_seconds, 600.0),
        (&mut config.start.runtime_seconds, 120.0),
        (&mut config.start.services_seconds, 60.0),
        (&mut config.start.secrets_seconds, 60.0),
        (&mut config.start.identity_seconds, 60.0),
    ] {
        if let Ok(seconds) = Seconds::try_from(value) {
            *time = seconds;
        }
    }
}

/// Ends a host, whose instance AWS has terminated.
pub async fn end(mut harness: Harness) {
    harness.agent().terminate();
    let began = Instant::now();
    while harness.agent().ended().is_none() && began.elapsed() < STOP_TIMEOUT {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
