//! The clients, and how long a token serves them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::dispatcher::{Dispatcher, DispatcherError};
use super::rest::Rest;
use super::settings::{Settings, SettingsError, TOKEN};
use super::{control, poller};
use crate::host::{Host, HostFor};
use crate::state::{Connection, Hatchet, part};

/// How long before its end a token is warned of.
const WARN_AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How often the token's end is looked at, and a warning repeated.
const WARN_EVERY: Duration = Duration::from_hours(24);

/// Why there are no clients.
#[derive(Debug, thiserror::Error)]
enum ClientsError {
    #[error("no secret {TOKEN} is configured with used_by = [\"agent\"]")]
    NoSecret,
    #[error("the token in {TOKEN} expired at {0}: create a new one in Hatchet and store it")]
    Expired(Timestamp),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Dispatcher(#[from] DispatcherError),
}

/// Keeps Hatchet's view of the worker true, with each token as long as it counts.
pub async fn run(host: HostFor<part::Hatchet>) {
    tokio::select! {
        () = host.wait_until(|current| current.secrets_ready) => {}
        () = host.ending().cancelled() => return,
    }
    loop {
        let version = version(&host);
        let work = async {
            match clients(&host) {
                Ok((settings, rest, dispatcher)) => {
                    host.update(|current| {
                        current.hatchet_mut().token_expires = settings.expires;
                        true
                    });
                    tokio::select! {
                        () = control::run(&host, &rest, &dispatcher) => {}
                        () = poller::run(&host, &rest) => {}
                        () = expiry(&settings) => {}
                    }
                }
                Err(reason) => {
                    tracing::error!(%reason, "Hatchet cannot be used");
                    disconnected(&host, reason.to_string());
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            () = work => {}
            () = host.wait_until(|current| current.secret_versions.get(TOKEN) != version.as_ref()) => {}
            () = host.ending().cancelled() => return,
        }
    }
}

fn version(host: &Host) -> Option<String> {
    host.read(|current| current.secret_versions.get(TOKEN).cloned())
}

/// The clients, with the token that the agent holds now.
fn clients(host: &Host) -> Result<(Settings, Rest, Dispatcher), ClientsError> {
    let token = host.secret(TOKEN).ok_or(ClientsError::NoSecret)?;
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let settings = Settings::read(&token, host.config.hatchet.tls, variable)?;
    if settings.expired(Timestamp::now()) {
        return Err(ClientsError::Expired(settings.expires.unwrap_or_default()));
    }
    let dispatcher = Dispatcher::new(&settings, host.http.transport())?;
    let rest = Rest::new(host.http.clone(), settings.clone());
    Ok((settings, rest, dispatcher))
}

fn disconnected(host: &HostFor<part::Hatchet>, reason: String) {
    host.update(|current| {
        let hatchet = Hatchet {
            connection: Connection::Disconnected,
            detail: reason,
            ..current.hatchet.clone()
        };
        let news = hatchet != current.hatchet;
        *current.hatchet_mut() = hatchet;
        news
    });
}

/// Resolves when the token ends, and says so each day of the last two weeks before.
async fn expiry(settings: &Settings) {
    let Some(expires) = settings.expires else {
        return std::future::pending().await;
    };
    loop {
        let left = expires.duration_since(Timestamp::now());
        if !left.is_positive() {
            return;
        }
        if left < WARN_AHEAD {
            let days = left.as_hours() / 24;
            tracing::warn!(%expires, days, "the Hatchet token expires soon: store a new one in {TOKEN}");
        }
        let left = Duration::try_from(left).unwrap_or_default();
        tokio::time::sleep(left.min(WARN_EVERY)).await;
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
