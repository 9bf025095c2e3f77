//! The start: identity, secrets, services, runtime, and then the host is ready. Each step has its
//! deadline, and a step that misses it makes the host one that is to be replaced.

use std::sync::Arc;
use std::time::Duration;

use valet_protocol::Seconds;
use valet_protocol::local_api::State;

use crate::failure::Failure;
use crate::host::{Host, Shared};
use crate::identity::{self, Identity};
use crate::secrets;
use crate::state::{Facts, Health, Service};

/// Between two attempts at the metadata service.
const PAUSE: Duration = Duration::from_secs(1);

/// What `secrets` takes to word its own failure, which says more than ours.
const WORDING: Duration = Duration::from_secs(2);

/// Brings the host up, and again after every drain that was taken back.
///
/// # Errors
///
/// When it is not known who this instance is: then nobody can be told that it is to be replaced,
/// and the process ends, to be started again.
pub async fn run(host: Shared) -> Result<(), Failure> {
    let identity = identify(&host).await?;
    tracing::info!(
        instance_id = identity.instance_id,
        instance_type = identity.instance_type,
        zone = identity.zone,
        lifecycle = identity.lifecycle,
        group = identity.group,
        "this instance"
    );
    host.change(|facts| {
        facts.identity = Some(Arc::new(identity));
        true
    });
    // Before anything else, and in a drain too: Hatchet cannot be told without its token.
    if let Err(failure) = fetch_secrets(&host).await {
        failed(&host, &failure);
    }
    loop {
        host.until(starting).await;
        tokio::select! {
            result = bring_up(&host) => match result {
                Ok(()) => ready(&host),
                Err(failure) => failed(&host, &failure),
            },
            // A drain began meanwhile.
            () = host.until(|facts| !starting(facts)) => {}
        }
        host.until(|facts| !starting(facts)).await;
    }
}

fn starting(facts: &Facts) -> bool {
    facts.state == State::Starting && facts.drain.is_none()
}

async fn identify(host: &Host) -> Result<Identity, Failure> {
    let patience = host.config.start.identity_seconds;
    let mut last = Failure::new("it was not asked");
    let asked = async {
        loop {
            match identity::learn(&host.config, &host.aws).await {
                Ok(identity) => return identity,
                Err(failure) => {
                    tracing::warn!(%failure, "it is not known yet who this instance is");
                    last = failure;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    match tokio::time::timeout(patience.duration(), asked).await {
        Ok(identity) => Ok(identity),
        Err(_) => Err(Failure::new(format!(
            "within {} s it was not learned who this instance is: {last}",
            f64::from(patience)
        ))),
    }
}

async fn fetch_secrets(host: &Host) -> Result<(), Failure> {
    let patience = host.config.start.secrets_seconds;
    let fetched = secrets::fetch(host);
    match tokio::time::timeout(patience.duration() + WORDING, fetched).await {
        Ok(result) => result,
        Err(_) => Err(late("the secrets were not fetched", patience)),
    }
}

/// Secrets, if they are missing still, services, then the runtime.
async fn bring_up(host: &Host) -> Result<(), Failure> {
    let start = &host.config.start;
    if !host.look(|facts| facts.secrets_ready) {
        fetch_secrets(host).await?;
    }
    let up = host.until(services_up);
    if tokio::time::timeout(start.services_seconds.duration(), up)
        .await
        .is_err()
    {
        let down = host.look(not_up);
        let what = format!("not every service was up: {down}");
        return Err(late(&what, start.services_seconds));
    }
    host.change(|facts| {
        let news = !facts.prepared;
        facts.prepared = true;
        news
    });
    let registered =
        host.until(|facts| facts.runtime.running && facts.runtime.registration.is_some());
    if tokio::time::timeout(start.runtime_seconds.duration(), registered)
        .await
        .is_err()
    {
        let what = if host.look(|facts| facts.runtime.running) {
            "the runtime runs and has not registered"
        } else {
            "the runtime does not run"
        };
        return Err(late(what, start.runtime_seconds));
    }
    Ok(())
}

fn services_up(facts: &Facts) -> bool {
    Service::ALL
        .iter()
        .all(|service| facts.health(*service) == Health::Up)
}

fn not_up(facts: &Facts) -> String {
    let down: Vec<String> = facts
        .services
        .iter()
        .filter(|(_, look)| look.health != Health::Up)
        .map(|(service, look)| {
            let words = if look.detail.is_empty() {
                look.health.word()
            } else {
                &look.detail
            };
            format!("{} ({words})", service.name())
        })
        .collect();
    down.join(", ")
}

fn late(what: &str, patience: Seconds) -> Failure {
    let seconds = f64::from(patience);
    Failure::new(format!("{what} within {seconds} s of the start"))
}

fn ready(host: &Host) {
    // A drain may have begun since the last fact was waited for.
    if host.look(starting) {
        host.transition(State::Ready, "services and runtime are up");
    }
}

fn failed(host: &Host, failure: &Failure) {
    tracing::error!(%failure, "the host does not come up");
    if host.look(starting) {
        host.transition(State::Unhealthy, &failure.to_string());
    }
}
