//! `valet-worker run`: starts the parts and waits for the end.
//!
//! SIGTERM drains the host first. There is one exception: systemd restarts the unit, to put another version of the
//! program or of the configuration in place. The runtime and its tasks then go on, and the next process finds what this one
//! has saved.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use valet_protocol::{Config, units};

use crate::aws::Aws;
use crate::drain::command::DrainCommand;
use crate::error::AgentError;
use crate::host::{Host, HostFor, Shared};
use crate::http_client::HttpClient;
use crate::logging::Reloader;
use crate::secrets::Fetcher;
use crate::state::{Deadline, DrainSource, part};
use crate::{
    api, drain, group, hatchet, heartbeat, metrics, metrics_port, notices, runtime, secrets,
    services, start, watchdog,
};

/// How long the parts have for their last word.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs until SIGTERM or SIGINT has led to a drain and its end.
///
/// # Errors
///
/// What keeps the agent from working at all. Everything else is a state of the host.
pub async fn run(config: Config, reloader: Reloader) -> Result<(), AgentError> {
    let signals = Signals::new()?;
    let listener = api::open(&config).await?;
    let http = HttpClient::through(config.proxy.as_ref());
    let aws = Aws::new(&config, http.clone()).await;
    let socket = config.paths.socket.clone();
    let (host, handles, orders) = Host::new(config, aws, http);
    let mut parts = JoinSet::new();
    let fetcher = Fetcher::new(handles.secrets.clone());
    parts.spawn(named("start", begin(handles.start, fetcher)));
    parts.spawn(named("api", endless(api::run(handles.api, listener))));
    parts.spawn(named("drain", endless(drain::run(handles.drain, orders))));
    parts.spawn(named("group", endless(group::run(handles.group))));
    parts.spawn(named("hatchet", endless(hatchet::run(handles.hatchet))));
    parts.spawn(named("heartbeat", endless(heartbeat::run(host.clone()))));
    parts.spawn(named("metrics", endless(metrics::run(handles.metrics))));
    parts.spawn(named("notices", endless(notices::run(handles.notices))));
    parts.spawn(named("runtime", endless(runtime::run(handles.runtime))));
    parts.spawn(named("secrets", endless(secrets::run(handles.secrets))));
    parts.spawn(named(
        "metrics port",
        endless(metrics_port::run(host.clone())),
    ));
    parts.spawn(named("reload", endless(reloader.run(host.clone()))));
    parts.spawn(named("services", endless(services::run(handles.services))));
    parts.spawn(named("watchdog", endless(watchdog::run(host.clone()))));
    let replaced = CancellationToken::new();
    let follow = signals.follow(host.clone(), replaced.clone());
    parts.spawn(named("signals", endless(follow)));
    let result = tokio::select! {
        () = drain::ended(&host) => Ok(()),
        () = replaced.cancelled() => Ok(()),
        failure = broken(&mut parts) => Err(failure),
    };
    host.ending().cancel();
    last_words(&mut parts).await;
    // A socket that nobody listens at would only make clients wonder.
    let _ = std::fs::remove_file(socket);
    tracing::info!("the agent exits");
    result
}

/// The start is over when the host is ready or given up; what follows is the other parts' work.
async fn begin(host: HostFor<part::Start>, fetcher: Fetcher) -> Result<(), AgentError> {
    tokio::select! {
        result = start::run(host.clone(), &fetcher) => result,
        () = host.ending().cancelled() => Ok(()),
    }
}

async fn endless(part: impl Future<Output = ()>) -> Result<(), AgentError> {
    part.await;
    Ok(())
}

async fn named(
    name: &'static str,
    part: impl Future<Output = Result<(), AgentError>>,
) -> (&'static str, Result<(), AgentError>) {
    (name, part.await)
}

/// Resolves when a part has failed. One that is done has nothing more to do; one that panics takes
/// the agent with it, and systemd starts it again.
async fn broken(parts: &mut JoinSet<(&'static str, Result<(), AgentError>)>) -> AgentError {
    loop {
        match parts.join_next().await {
            Some(Ok((_, Ok(())))) => {}
            Some(Ok((name, Err(failure)))) => return AgentError::new(format!("{name}: {failure}")),
            Some(Err(error)) => {
                return AgentError::new(format!("a task of the agent panicked: {error}"));
            }
            None => std::future::pending().await,
        }
    }
}

async fn last_words(parts: &mut JoinSet<(&'static str, Result<(), AgentError>)>) {
    let all = async { while parts.join_next().await.is_some() {} };
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, all).await.is_err() {
        tracing::warn!("a task of the agent did not end within 5 s");
    }
}

/// The signals that end the agent.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, AgentError> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                AgentError::new(format!("signal handlers cannot be installed: {error}"))
            })
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Turns each into the order to drain and end; a second one changes nothing. One by which systemd restarts the unit
    /// ends this process and nothing else.
    async fn follow(mut self, host: Shared, replaced: CancellationToken) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
                () = host.ending().cancelled() => return,
            }
            watchdog::stopping();
            if is_restarting(&host).await {
                tracing::info!(
                    leases = host.read(|current| current.leases),
                    "the unit is restarted: the next process goes on with what runs"
                );
                return replaced.cancel();
            }
            stop(&host).await;
        }
    }
}

/// Whether another process of the agent follows at once. Where systemd cannot say, none does.
async fn is_restarting(host: &Host) -> bool {
    let restarting = host.systemd.is_restarting(units::WORKER).await;
    restarting.unwrap_or_else(|reason| {
        tracing::warn!(%reason, "why the agent is stopped cannot be read");
        false
    })
}

async fn stop(host: &Host) {
    let order = DrainCommand::Drain {
        source: DrainSource::Stop,
        cause: "the agent is stopped".to_owned(),
        deadline: Some(Deadline::within(host.config.drain.task_seconds.duration())),
    };
    host.send_command(order).await;
}
