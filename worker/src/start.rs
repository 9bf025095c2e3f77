//! The start: identity, secrets, services, runtime, and then the host is ready. Each step has its
//! deadline, and a step that misses it makes the host one that is to be replaced.

use std::sync::Arc;
use std::time::Duration;

use valet_protocol::Seconds;
use valet_protocol::local_api::State;

use crate::drain::command::DrainCommand;
use crate::error::AgentError;
use crate::host::{Host, HostFor};
use crate::identity;
use crate::secrets::Fetcher;
use crate::state::part::Start;
use crate::state::{Health, HostState, Identity, Service};

/// Between two restarts at the metadata service.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause between two looks at secrets that hold a placeholder.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// What `secrets` takes to word its own failure, which says more than ours.
const WORDING: Duration = Duration::from_secs(2);

/// Brings the host up, and again after every drain that was taken back.
///
/// # Errors
///
/// When it is not known who this instance is: then nobody can be told that it is to be replaced,
/// and the process ends, to be started again.
pub async fn run(host: HostFor<Start>, secrets: &Fetcher) -> Result<(), AgentError> {
    let identity = identify(&host).await?;
    tracing::info!(
        instance_id = identity.instance_id,
        instance_type = identity.instance_type,
        zone = identity.zone,
        lifecycle = identity.lifecycle,
        group = identity.group,
        "instance identity"
    );
    host.update(|current| {
        *current.identity_mut() = Some(Arc::new(identity));
        true
    });
    // Before anything else, and in a drain too: Hatchet cannot be told without its token.
    if let Err(failure) = secrets_in_place(&host, secrets).await {
        failed(&host, &failure).await;
    }
    loop {
        host.wait_until(starting).await;
        tokio::select! {
            result = bring_up(&host, secrets) => match result {
                Ok(()) => ready(&host),
                Err(failure) => failed(&host, &failure).await,
            },
            // A drain began meanwhile.
            () = host.wait_until(|current| !starting(current)) => {}
        }
        host.wait_until(|current| !starting(current)).await;
    }
}

fn starting(current: &HostState) -> bool {
    current.state == State::Starting && current.drain.is_none()
}

async fn identify(host: &Host) -> Result<Identity, AgentError> {
    let timeout = host.config.start.identity_seconds;
    let mut last = AgentError::new("it was not queried");
    let asked = async {
        loop {
            match identity::learn(&host.config, &host.aws).await {
                Ok(identity) => return identity,
                Err(failure) => {
                    tracing::warn!(%failure, "the instance identity is not available yet");
                    last = failure;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    match tokio::time::timeout(timeout.duration(), asked).await {
        Ok(identity) => Ok(identity),
        Err(_) => Err(AgentError::new(format!(
            "the instance identity was not available within {} s: {last}",
            f64::from(timeout)
        ))),
    }
}

/// Fetches the secrets. While some of them hold Terraform's placeholder the host waits, and says so: a
/// replacement would find the same placeholder.
async fn secrets_in_place(host: &HostFor<Start>, secrets: &Fetcher) -> Result<(), AgentError> {
    let pause = host.config.rotation.interval_seconds.duration();
    let mut reported = String::new();
    loop {
        match fetch_secrets(host, secrets).await {
            Err(AgentError::PlaceholderSecrets(cause)) => {
                if cause != reported {
                    tracing::error!(cause, "the host waits for secret values");
                    host.explain(&cause);
                    reported = cause;
                }
                tokio::time::sleep(pause.min(MAX_WAIT)).await;
            }
            result => return result,
        }
    }
}

async fn fetch_secrets(host: &Host, secrets: &Fetcher) -> Result<(), AgentError> {
    let timeout = host.config.start.secrets_seconds;
    let fetched = secrets.fetch();
    match tokio::time::timeout(timeout.duration() + WORDING, fetched).await {
        Ok(result) => result,
        Err(_) => Err(late("the secrets could not be fetched", timeout)),
    }
}

/// Secrets, if they are missing still, services, then the runtime.
async fn bring_up(host: &HostFor<Start>, secrets: &Fetcher) -> Result<(), AgentError> {
    let start = &host.config.start;
    if !host.read(|current| current.secrets_ready) {
        secrets_in_place(host, secrets).await?;
    }
    let up = host.wait_until(services_up);
    if tokio::time::timeout(start.services_seconds.duration(), up)
        .await
        .is_err()
    {
        let down = host.read(not_up);
        let what = format!("not every service was up: {down}");
        return Err(late(&what, start.services_seconds));
    }
    host.update(|current| {
        let news = !current.prepared;
        *current.prepared_mut() = true;
        news
    });
    let registered = host
        .wait_until(|current| current.runtime.running && current.runtime.registration.is_some());
    if tokio::time::timeout(start.runtime_seconds.duration(), registered)
        .await
        .is_err()
    {
        let what = if host.read(|current| current.runtime.running) {
            "the runtime is running but has not registered"
        } else {
            "the runtime is not running"
        };
        return Err(late(what, start.runtime_seconds));
    }
    Ok(())
}

fn services_up(current: &HostState) -> bool {
    Service::ALL
        .iter()
        .all(|service| current.health(*service) == Health::Up)
}

fn not_up(current: &HostState) -> String {
    let down: Vec<String> = current
        .services
        .iter()
        .filter(|(_, probe)| probe.health != Health::Up)
        .map(|(service, probe)| {
            let words = if probe.detail.is_empty() {
                probe.health.as_str()
            } else {
                &probe.detail
            };
            format!("{} ({words})", service.name())
        })
        .collect();
    down.join(", ")
}

fn late(what: &str, timeout: Seconds) -> AgentError {
    let seconds = f64::from(timeout);
    AgentError::new(format!("{what} within {seconds} s of the start"))
}

fn ready(host: &HostFor<Start>) {
    // A drain may have begun since the last fact was waited for.
    if host.read(starting) {
        host.transition(
            State::Ready,
            "all services are up and the runtime has registered",
        );
    }
}

/// The host is to be replaced. A runtime that runs already, because only the agent was restarted,
/// may have tasks: so the drain ends it, and marks the host unhealthy afterwards.
async fn failed(host: &Host, failure: &AgentError) {
    tracing::error!(%failure, "the host failed to start");
    if host.read(starting) {
        let command = DrainCommand::unhealthy(&host.config, failure.to_string());
        host.send_command(command).await;
    }
}
