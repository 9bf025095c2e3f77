//! One service under check: how often it has to fail to be down, and what is done then.

use tokio::time::Instant;
use valet_protocol::Config;

use crate::restart_limiter::{Decision, RestartLimiter};
use crate::state::{Health, Service};

/// How many times the probes of a service those at memory and disk are that must agree: a browser
/// that opens a heavy page is no sick host.
const FIGURE_PROBES_FACTOR: u32 = 4;

/// The longest pause between two restarts of a service, in pauses of the first kind.
const MAX_PAUSE: u32 = 16;

/// A service under check.
#[derive(Debug)]
pub struct HealthCheck {
    pub service: Service,
    /// What is restarted when it is down, in this order. Nothing helps a full disk.
    pub units: Vec<String>,
    failures: u32,
    successes: u32,
    failures_to_down: u32,
    successes_to_up: u32,
    restarts: RestartLimiter,
}

/// What is to be done about a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing, or not yet.
    None,
    Restart,
    /// The host is to be replaced.
    Replace,
}

impl HealthCheck {
    /// By the configuration.
    #[must_use]
    pub fn new(service: Service, config: &Config) -> Self {
        let (heal, services) = (&config.heal, &config.services);
        let units = match service {
            Service::AdsPower => vec![services.adspower.unit.clone()],
            Service::Xvfb => vec![services.xvfb.unit.clone()],
            Service::NoVnc => vec![services.novnc.vnc_unit.clone(), services.novnc.unit.clone()],
            Service::Disk | Service::Memory => Vec::new(),
        };
        let timeout = if units.is_empty() {
            FIGURE_PROBES_FACTOR
        } else {
            1
        };
        let pause = heal.backoff_seconds.duration();
        Self {
            service,
            units,
            failures: 0,
            successes: 0,
            failures_to_down: services.failures * timeout,
            successes_to_up: services.successes,
            restarts: RestartLimiter::new(
                heal.restart_limit,
                heal.window_seconds.duration(),
                pause,
                pause * MAX_PAUSE,
            ),
        }
    }

    /// Takes a probe into account. Answers how the service is now.
    pub fn note(&mut self, well: bool, before: Health) -> Health {
        if well {
            self.failures = 0;
            self.successes = self.successes.saturating_add(1);
        } else {
            self.successes = 0;
            self.failures = self.failures.saturating_add(1);
        }
        // The first success of all is enough: a start is not to wait for a second one.
        if self.successes >= self.successes_to_up || (well && before == Health::Unknown) {
            Health::Up
        } else if self.failures >= self.failures_to_down {
            Health::Down
        } else {
            before
        }
    }

    /// What is to be done about a service that is down.
    pub fn remedy(&mut self, now: Instant) -> Remedy {
        // It answers again, and has only to do so once more: a restart would begin its start again.
        if self.successes > 0 {
            return Remedy::None;
        }
        if self.units.is_empty() {
            return Remedy::Replace;
        }
        match self.restarts.decide(now) {
            Decision::Now => {
                self.restarts.note(now);
                Remedy::Restart
            }
            Decision::Later(_) => Remedy::None,
            Decision::Enough => Remedy::Replace,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{HealthCheck, Remedy};
    use crate::state::{Health, Service};
    use crate::testing;

    /// A watch whose service has just gone down and been restarted, and when that was.
    fn restarted() -> (HealthCheck, Instant) {
        let mut config = testing::config(Path::new("/nowhere"));
        config.services.failures = 1;
        config.services.successes = 2;
        let mut check = HealthCheck::new(Service::AdsPower, &config);
        let now = Instant::now();
        assert_eq!(check.note(false, Health::Up), Health::Down);
        assert_eq!(check.remedy(now), Remedy::Restart);
        (check, now)
    }

    #[test]
    fn what_answers_again_is_not_restarted() {
        let (mut check, now) = restarted();
        let later = now + Duration::from_secs(30);
        assert_eq!(check.note(true, Health::Down), Health::Down);
        assert_eq!(check.remedy(later), Remedy::None);
        assert_eq!(check.note(true, Health::Down), Health::Up);
    }

    #[test]
    fn what_answers_once_and_no_more_is_restarted() {
        let (mut check, now) = restarted();
        let later = now + Duration::from_secs(30);
        assert_eq!(check.note(true, Health::Down), Health::Down);
        assert_eq!(check.note(false, Health::Down), Health::Down);
        assert_eq!(check.remedy(later), Remedy::Restart);
    }
}
