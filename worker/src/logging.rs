//! The log's levels, which can be changed while the agent runs.

use std::path::PathBuf;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, reload};
use valet_protocol::Config;

use crate::config_file;
use crate::error::AgentError;
use crate::host::Shared;
use crate::journal::Journal;

/// Overrides `log_levels` of worker.toml until the configuration is read again.
const VARIABLE: &str = "VALET_LOG";

/// Why the levels are not changed.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    #[error(transparent)]
    Config(#[from] AgentError),
    #[error(
        "log_levels = {levels:?} is not valid: {reason}. Use for example \"info,valet_worker=debug\""
    )]
    InvalidLevels { levels: String, reason: String },
    #[error("the running log takes no new levels: {0}")]
    Log(#[from] reload::Error),
}

/// Changes the levels of the running log.
#[derive(Clone, Debug)]
pub struct LogLevels(reload::Handle<Targets, Registry>);

/// Starts the log: JSON for the journal, a line for each event.
#[must_use]
pub fn start(config: &Config) -> LogLevels {
    let variable = std::env::var(VARIABLE).ok();
    let levels = variable
        .as_deref()
        .and_then(|levels| parse(levels).ok())
        .or_else(|| of(config).ok());
    let (filter, handle) = reload::Layer::new(levels.unwrap_or_else(usual));
    let journal = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(Journal::start());
    tracing_subscriber::registry()
        .with(journal.with_filter(filter))
        .init();
    LogLevels(handle)
}

fn usual() -> Targets {
    Targets::new().with_default(LevelFilter::INFO)
}

fn of(config: &Config) -> Result<Targets, ReloadError> {
    config
        .log_levels
        .as_deref()
        .map_or_else(|| Ok(usual()), parse)
}

fn parse(levels: &str) -> Result<Targets, ReloadError> {
    levels
        .parse()
        .map_err(|error: ParseError| ReloadError::InvalidLevels {
            levels: levels.to_owned(),
            reason: error.to_string(),
        })
}

/// Reads the configuration again at each SIGHUP.
#[derive(Debug)]
pub struct Reloader {
    path: PathBuf,
    levels: LogLevels,
    hangups: Signal,
}

impl Reloader {
    /// From now on SIGHUP does not end the agent.
    ///
    /// # Errors
    ///
    /// When the signal's handler cannot be installed.
    pub fn new(path: PathBuf, levels: LogLevels) -> Result<Self, AgentError> {
        let hangups = signal(SignalKind::hangup()).map_err(|error| {
            AgentError::new(format!("signal handlers cannot be installed: {error}"))
        })?;
        Ok(Self {
            path,
            levels,
            hangups,
        })
    }

    /// Follows the signals until the agent exits. What cannot be read changes nothing.
    pub async fn run(mut self, host: Shared) {
        loop {
            tokio::select! {
                _ = self.hangups.recv() => {}
                () = host.ending().cancelled() => return,
            }
            match self.reload(&host.config) {
                Ok(()) => {}
                Err(error) => tracing::error!(%error, "the configuration is not reloaded"),
            }
        }
    }

    fn reload(&self, running: &Config) -> Result<(), ReloadError> {
        let config = config_file::read(&self.path)?;
        let levels = of(&config)?;
        self.levels.0.reload(levels)?;
        let log_levels = config.log_levels.as_deref();
        tracing::info!(log_levels, "the configuration was reloaded");
        let others = Config {
            log_levels: running.log_levels.clone(),
            ..config
        };
        if others != *running {
            tracing::warn!(
                "other keys than log_levels have changed: they take effect when valet-worker is restarted"
            );
        }
        Ok(())
    }
}
