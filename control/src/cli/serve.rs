//! `valet-control serve`

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::arguments::ConfigArguments;
use super::run::{CommandError, load};
use crate::config::Config;
use crate::control::Control;
use crate::http::{self, Limits};

pub async fn serve(arguments: &ConfigArguments) -> Result<(), CommandError> {
    let (config, database) = load(arguments)?;
    let listener = bind(&config).await?;
    let control = Control::new(database, config.certificates()?, &config);
    run(&config, control, listener).await
}

pub async fn bind(config: &Config) -> Result<TcpListener, CommandError> {
    listen(config.listen).await
}

async fn listen(address: SocketAddr) -> Result<TcpListener, CommandError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| CommandError::Io {
            what: format!("cannot listen on {address}"),
            error,
        })
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(
    config: &Config,
    control: Control,
    listener: TcpListener,
) -> Result<(), CommandError> {
    let background = control.start();
    let (stop, stopped) = watch::channel(false);
    let events = control.events.clone();
    tokio::spawn(async move {
        ended().await;
        tracing::info!("stopping");
        events.stop();
        let _ = stop.send(true);
    });
    if let Some(address) = config.metrics_listen {
        let listener = listen(address).await?;
        let limits = http::METRICS_LIMITS;
        let router = http::metrics_router(control.clone());
        tokio::spawn(http::serve(listener, router, limits, stopped.clone()));
    }
    let address = listener.local_addr().unwrap_or(config.listen);
    tracing::info!(%address, fleets = config.fleets.len(), "serving");
    let limits = Limits {
        connections: config.max_clients,
        ..Limits::default()
    };
    http::serve(listener, http::router(control.clone()), limits, stopped).await;
    drop(background);
    control.leadership.step_down().await;
    if let Err(problem) = control.pulses.flush(&control.database).await {
        tracing::warn!(%problem, "the last heartbeats could not be written");
    }
    Ok(())
}

async fn ended() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
