//! Looks at the services, restarts what is down, and gives the host up at last.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, MissedTickBehavior};
use valet_protocol::config::User;
use valet_protocol::{Config, units};

use super::error::ProbeError;
use super::health_check::{HealthCheck, Remedy};
use super::probes;
use crate::drain::command::DrainCommand;
use crate::host::{Host, HostFor};
use crate::state::part::Services;
use crate::state::{DrainSource, DrainStage, DrainState, Health, HostFigures, HostState, Service};
use crate::systemd::UnitAction;
use crate::text::one_line;
use crate::timeout::within;

/// The secret by which AdsPower's API knows us, where it asks for one.
pub const ADSPOWER_TOKEN: &str = "ADSPOWER_API_TOKEN";

/// Open profiles are counted once in so many rounds: AdsPower's rate limit is shared with the runtime.
const PROFILE_ROUNDS: u32 = 4;

/// The least time between two requests to AdsPower.
const ADSPOWER_APART: Duration = Duration::from_millis(1100);

/// Looks at the services until the agent exits.
pub async fn run(host: HostFor<Services>) {
    let mut checks = Service::ALL.map(|service| HealthCheck::new(service, &host.config));
    let mut ticks = tokio::time::interval(host.config.services.interval_seconds.duration());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut given_up = false;
    let mut adspower_started = false;
    let mut round = 0_u32;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = host.wait_until(|current| current.secrets_ready), if !adspower_started => {
                adspower_started = true;
                start_adspower(&host).await;
                continue;
            }
            () = host.wait_until(restart_awaited) => {
                restart_adspower(&host).await;
                continue;
            }
            () = host.wait_until(|current| services_restart_awaited(current).is_some()) => {
                restart_all(&host).await;
                continue;
            }
            () = host.ending().cancelled() => return,
        }
        let found = probe_all(&host.config).await;
        measure(&host, &found, round.is_multiple_of(PROFILE_ROUNDS)).await;
        round = round.wrapping_add(1);
        for (check, well) in checks.iter_mut().zip(found.by_service(&host.config)) {
            note(&host, check, well);
            given_up |= help(&host, check, given_up).await;
        }
    }
}

/// What one round of probes found.
#[derive(Debug)]
pub struct Probes {
    adspower: Result<(), ProbeError>,
    xvfb: Result<(), ProbeError>,
    novnc: Result<(), ProbeError>,
    memory: Result<f64, ProbeError>,
    disk: Result<f64, ProbeError>,
}

impl Probes {
    /// In the order of [`Service::ALL`].
    pub fn by_service(&self, config: &Config) -> [Result<(), ProbeError>; 5] {
        [
            self.adspower.clone(),
            self.xvfb.clone(),
            self.novnc.clone(),
            below(&self.disk, config.heal.disk_percent, "of the disk"),
            below(&self.memory, config.heal.memory_percent, "of the memory"),
        ]
    }
}

/// Looks at everything once.
pub async fn probe_all(config: &Config) -> Probes {
    let services = &config.services;
    let timeout = services.timeout_seconds.duration();
    let (adspower, xvfb, novnc) = tokio::join!(
        within(timeout, probes::adspower(services.adspower.port)),
        within(timeout, probes::xvfb(&services.xvfb.socket)),
        within(timeout, probes::novnc(services.novnc.port)),
    );
    Probes {
        adspower,
        xvfb,
        novnc,
        memory: probes::memory_percent(),
        disk: probes::disk_percent(&config.paths.state_directory),
    }
}

fn below(figure: &Result<f64, ProbeError>, limit: u32, of: &'static str) -> Result<(), ProbeError> {
    match figure {
        Ok(percent) if *percent < f64::from(limit) => Ok(()),
        Ok(percent) => Err(ProbeError::AboveLimit {
            percent: *percent,
            of,
            limit,
        }),
        Err(error) => Err(error.clone()),
    }
}

async fn measure(host: &HostFor<Services>, found: &Probes, count_profiles: bool) {
    let (adspower_up, before) = host.read(|current| {
        let up = current.health(Service::AdsPower) == Health::Up;
        (up, current.measured.profiles)
    });
    let measured = HostFigures {
        memory_percent: found.memory.as_ref().ok().copied(),
        disk_percent: found.disk.as_ref().ok().copied(),
        runtime_memory_percent: runtime_memory(host).await,
        profiles: match adspower_up {
            true if count_profiles => profiles(host).await,
            true => before,
            false => None,
        },
    };
    host.update(|current| {
        *current.measured_mut() = measured;
        // Whoever shows the figures reads them when asked; nobody waits for one.
        false
    });
}

async fn runtime_memory(host: &Host) -> Option<f64> {
    if !host.read(|current| current.runtime.running) {
        return None;
    }
    let used = host
        .systemd
        .memory(&host.config.runtime.unit)
        .await
        .ok()??;
    let limit = host.systemd.memory_limit(units::BROWSERS).await.ok()?;
    let limit = limit.or_else(probes::total_memory)?;
    (limit > 0).then(|| 100.0 * used as f64 / limit as f64)
}

async fn profiles(host: &Host) -> Option<u32> {
    // The probe of this round was a request, too.
    tokio::time::sleep(ADSPOWER_APART).await;
    let services = &host.config.services;
    let token = host.secret(ADSPOWER_TOKEN);
    let token = token.as_ref().map(SecretString::expose_secret);
    let asked = probes::profiles(services.adspower.port, token);
    within(services.timeout_seconds.duration(), asked)
        .await
        .ok()
}

fn note(host: &HostFor<Services>, check: &mut HealthCheck, well: Result<(), ProbeError>) {
    let before = host.read(|current| current.health(check.service));
    let health = check.note(well.is_ok(), before);
    let detail = well.err().map(|error| one_line(&error.to_string()));
    let detail = detail.unwrap_or_default();
    if health != before {
        let (service, health) = (check.service.name(), health.as_str());
        tracing::info!(service, health, detail, "service health changed");
    }
    host.update(|current| {
        let probe = current.services_mut().entry(check.service).or_default();
        let news = probe.health != health || probe.detail != detail;
        probe.health = health;
        probe.detail = detail;
        news
    });
}

/// Does what is to be done about a service that is down. Answers whether the host was given up.
async fn help(host: &HostFor<Services>, check: &mut HealthCheck, given_up: bool) -> bool {
    let down = host.read(|current| {
        let over = current.drain.as_ref().is_some_and(DrainState::finished);
        // AdsPower waits for its secrets.
        current.health(check.service) == Health::Down && current.secrets_ready && !over
    });
    if !down {
        return false;
    }
    match check.remedy(Instant::now()) {
        Remedy::None => false,
        Remedy::Restart => {
            restart(host, check.service, &check.units).await;
            false
        }
        Remedy::Replace if given_up => false,
        Remedy::Replace => {
            give_up(host, check).await;
            true
        }
    }
}

async fn restart(host: &HostFor<Services>, service: Service, units: &[String]) {
    for unit in units {
        match host.systemd.apply(UnitAction::Restart, unit).await {
            Ok(()) => tracing::warn!(unit, "restarting a service"),
            Err(error) => tracing::error!(unit, %error, "restarting a service failed"),
        }
    }
    host.update(|current| {
        current.services_mut().entry(service).or_default().restarts += 1;
        true
    });
}

async fn give_up(host: &Host, check: &HealthCheck) {
    let detail = host.read(|current| {
        let probe = current.services.get(&check.service);
        probe.map(|probe| probe.detail.clone()).unwrap_or_default()
    });
    let name = check.service.name();
    let cause = if check.units.is_empty() {
        format!("{name}: {detail}")
    } else {
        format!(
            "{name} is down after {} restarts within {} s: {detail}",
            host.config.heal.restart_limit,
            f64::from(host.config.heal.window_seconds)
        )
    };
    host.send_command(DrainCommand::unhealthy(&host.config, cause))
        .await;
}

/// Whether AdsPower is to be started again with new secrets, and no task needs it.
fn restart_awaited(current: &HostState) -> bool {
    let idle = current
        .drain
        .as_ref()
        .is_some_and(|drain| drain.stage >= DrainStage::Idle);
    // An agent that has just been restarted is not prepared, and tasks may run all the same.
    let unused = (idle || !current.prepared) && current.leases == 0;
    current.stale.contains(&User::AdsPower) && unused
}

/// The drain for which the services are to be restarted, by the time when it began.
fn services_restart_awaited(current: &HostState) -> Option<Timestamp> {
    let drain = current.drain.as_ref()?;
    let ordered = drain.causes.contains_key(&DrainSource::RestartServices);
    let due = ordered && drain.finished() && current.services_restarted != Some(drain.began);
    due.then_some(drain.began)
}

/// Restarts everything that the host runs for the runtime.
async fn restart_all(host: &HostFor<Services>) {
    let services = &host.config.services;
    for unit in [
        &services.xvfb.unit,
        &services.adspower.unit,
        &services.novnc.vnc_unit,
        &services.novnc.unit,
    ] {
        match host.systemd.apply(UnitAction::Restart, unit).await {
            Ok(()) => tracing::info!(unit, "restarting a service by order of the control plane"),
            // The probes find out if it does not come back.
            Err(error) => tracing::error!(unit, %error, "restarting a service failed"),
        }
    }
    host.update(|current| {
        current.stale_mut().remove(&User::AdsPower);
        *current.services_restarted_mut() = services_restart_awaited(current);
        true
    });
}

/// AdsPower's unit waits for its secrets. Where it runs already, nothing happens.
async fn start_adspower(host: &Host) {
    let unit = &host.config.services.adspower.unit;
    let started = match host.systemd.unit(unit).await {
        Ok(found) if found.resting() => host.systemd.apply(UnitAction::Start, unit).await,
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = started {
        tracing::error!(unit, %error, "starting a service failed");
    }
}

async fn restart_adspower(host: &HostFor<Services>) {
    let unit = &host.config.services.adspower.unit;
    match host.systemd.apply(UnitAction::Restart, unit).await {
        Ok(()) => tracing::info!(unit, "restarting a service that uses changed secrets"),
        // It goes on with the old ones; the probes find out if it cannot.
        Err(error) => tracing::error!(
            unit,
            %error,
            "restarting a service that uses changed secrets failed"
        ),
    }
    host.update(|current| current.stale_mut().remove(&User::AdsPower));
}
