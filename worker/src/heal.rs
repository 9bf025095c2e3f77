//! `valet-worker heal`: what the agent does about services, once and from outside. The alarms' Run
//! Command runs it on every instance of the fleet, so it probes before it touches anything.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;
use serde::Serialize;
use tokio::time::Instant;
use valet_protocol::local_api::{State, Status};
use valet_protocol::{Config, units};

use crate::cli::client::{self, CallError};
use crate::services::{self, ProbeError, health_check::HealthCheck};
use crate::state::Service;
use crate::systemd::{Systemd, UnitAction};

/// What was found and done.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HealReport {
    /// Why nothing was looked at, if it was not.
    pub skipped: Option<String>,
    pub agent: Option<Healed>,
    pub services: Vec<Healed>,
}

/// One thing.
#[derive(Clone, Debug, Serialize)]
pub struct Healed {
    pub name: &'static str,
    /// Whether it was well before.
    pub well_before: bool,
    /// What was not well, or why it could not be restarted.
    pub detail: String,
    pub action: Action,
    /// Whether it is well now.
    pub well: bool,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is well, or nothing is known to help.
    None,
    Restarted,
    /// systemd refused.
    Failed,
}

/// Why nothing is looked at.
#[derive(Debug, thiserror::Error)]
enum LockError {
    #[error("another `heal` is running")]
    Busy,
    #[error("{place}: {source}")]
    Open { place: String, source: io::Error },
}

impl HealReport {
    /// Whether it could do its work, whatever came of it. Run Command sends to no further instance
    /// after a failure.
    #[must_use]
    pub fn done(&self) -> bool {
        let all = self.services.iter().chain(&self.agent);
        all.clone().all(|healed| healed.action != Action::Failed)
    }
}

/// Looks, restarts, probes again.
pub async fn heal(config_path: &Path, config: &Config) -> HealReport {
    let _one_at_a_time = match lock(config_path) {
        Ok(lock) => lock,
        Err(error) => return skipped(error.to_string()),
    };
    let status: Result<Status, CallError> = client::call(
        &config.paths.socket,
        hyper::Method::GET,
        "/v1/status",
        None::<&()>,
    )
    .await;
    if let Ok(status) = &status
        && matches!(status.state, State::Stopped | State::Unhealthy)
    {
        return skipped(format!(
            "the host is {}: {}",
            status.state.as_str(),
            status.cause
        ));
    }
    let systemd = Systemd::default();
    let down = down(config).await;
    let mut report = HealReport {
        agent: Some(agent(&systemd, status.is_ok()).await),
        ..HealReport::default()
    };
    for (service, detail) in Service::ALL.into_iter().zip(down) {
        report
            .services
            .push(restart(config, &systemd, service, detail).await);
    }
    wait_until_well(config, &mut report).await;
    report
}

/// The lock, beside the configuration's file.
const LOCK_FILE: &str = "heal.lock";

/// Another `heal` that runs already does what this one would. The lock is a file in the configuration's folder, which is
/// root's: nobody can put a link there. Nobody else can open it either, because whoever can open a file can lock it, and
/// `heal` would never run.
fn lock(config_path: &Path) -> Result<File, LockError> {
    let place = config_path.with_file_name(LOCK_FILE);
    let failed = |source: io::Error| LockError::Open {
        place: place.display().to_string(),
        source,
    };
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(&place)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LockError::Busy),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn skipped(why: String) -> HealReport {
    HealReport {
        skipped: Some(why),
        ..HealReport::default()
    }
}

/// What is wrong with each service, if it is wrong at every one of as many probes as the agent takes
/// to be sure. A service that the agent has just restarted gets that time to come up.
async fn down(config: &Config) -> [Result<(), ProbeError>; 5] {
    let mut down = services::probe_all(config).await.by_service(config);
    for _ in 1..config.services.failures {
        if down.iter().all(Result::is_ok) {
            break;
        }
        tokio::time::sleep(config.services.interval_seconds.duration()).await;
        let again = services::probe_all(config).await.by_service(config);
        for (before, now) in down.iter_mut().zip(again) {
            *before = before.clone().and(Ok(())).or(now);
        }
    }
    down
}

/// The agent itself: systemd restarts it, unless it has given up.
async fn agent(systemd: &Systemd, answers: bool) -> Healed {
    let mut healed = Healed {
        name: "agent",
        well_before: answers,
        detail: String::new(),
        action: Action::None,
        well: answers,
    };
    if answers {
        return healed;
    }
    match systemd.unit(units::WORKER).await {
        Ok(unit) if unit.resting() => {
            healed.detail = format!("its unit is {}", unit.active);
            match systemd.apply(UnitAction::Start, units::WORKER).await {
                Ok(()) => healed.action = Action::Restarted,
                Err(error) => {
                    healed.detail = error.to_string();
                    healed.action = Action::Failed;
                }
            }
        }
        Ok(unit) => healed.detail = format!("it does not respond, and its unit is {}", unit.active),
        Err(error) => {
            healed.detail = error.to_string();
            healed.action = Action::Failed;
        }
    }
    healed
}

async fn restart(
    config: &Config,
    systemd: &Systemd,
    service: Service,
    probe: Result<(), ProbeError>,
) -> Healed {
    let mut healed = Healed {
        name: service.name(),
        well_before: probe.is_ok(),
        detail: String::new(),
        action: Action::None,
        well: probe.is_ok(),
    };
    let Err(error) = probe else {
        return healed;
    };
    healed.detail = error.to_string();
    for unit in HealthCheck::new(service, config).units {
        match systemd.apply(UnitAction::Restart, &unit).await {
            Ok(()) => healed.action = Action::Restarted,
            Err(error) => {
                healed.detail = format!("{unit} cannot be restarted: {error}");
                healed.action = Action::Failed;
                break;
            }
        }
    }
    healed
}

/// Gives what was restarted as long as a start gives it.
async fn wait_until_well(config: &Config, report: &mut HealReport) {
    let until = Instant::now() + config.start.services_seconds.duration();
    let pending = |report: &HealReport| {
        let mut services = report.services.iter();
        services.any(|healed| healed.action == Action::Restarted && !healed.well)
    };
    while pending(report) && Instant::now() < until {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let found = services::probe_all(config).await.by_service(config);
        for (healed, probe) in report.services.iter_mut().zip(found) {
            healed.well = probe.is_ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn whoever_may_read_the_configuration_cannot_keep_heal_from_running() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("worker.toml");
        std::fs::write(&config, "").expect("written");
        let of_a_user = File::open(&config).expect("everybody reads it");
        of_a_user.try_lock().expect("and so may lock it");
        let held = lock(&config).expect("heal runs all the same");
        let mode = held.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(
            matches!(lock(&config), Err(LockError::Busy)),
            "once at a time"
        );
    }

    #[test]
    fn a_link_in_the_place_of_the_lock_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("precious");
        std::fs::write(&target, "kept").expect("written");
        std::os::unix::fs::symlink(&target, folder.path().join(LOCK_FILE)).expect("made");
        let refused = lock(&folder.path().join("worker.toml"));
        assert!(matches!(refused, Err(LockError::Open { .. })));
        assert_eq!(std::fs::read_to_string(target).expect("there"), "kept");
    }
}
