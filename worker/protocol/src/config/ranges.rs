//! The ranges of values, which the schema states and the parser enforces.

use super::{Config, ConfigError};

/// The shortest interval and timeout in seconds.
const MIN_INTERVAL_SECONDS: f64 = 0.005;

/// Whether every value is in the range that the schema states. An interval of 0 would make the agent
/// do nothing else, a limit of 0 nothing at all.
pub fn check(config: &Config) -> Result<(), ConfigError> {
    let intervals = [
        (
            "services.interval_seconds",
            config.services.interval_seconds,
        ),
        ("services.timeout_seconds", config.services.timeout_seconds),
        ("notices.interval_seconds", config.notices.interval_seconds),
        ("notices.timeout_seconds", config.notices.timeout_seconds),
        (
            "heartbeat.interval_seconds",
            config.heartbeat.interval_seconds,
        ),
        ("metrics.interval_seconds", config.metrics.interval_seconds),
        (
            "rotation.interval_seconds",
            config.rotation.interval_seconds,
        ),
    ];
    for (key, value) in intervals {
        if f64::from(value) < MIN_INTERVAL_SECONDS {
            return Err(ConfigError::TooShort {
                key,
                value: f64::from(value),
                least: MIN_INTERVAL_SECONDS,
            });
        }
    }
    if let Some(proxy) = &config.proxy {
        proxy.check()?;
    }
    let hooks = config.group.launch_hook.iter().map(|hook| hook.seconds);
    let counts = [
        ("group.hook_seconds", config.group.hook_seconds, 30, 7200),
        ("api.connections", config.api.connections, 2, 4096),
        ("services.failures", config.services.failures, 1, 100),
        ("services.successes", config.services.successes, 1, 100),
        ("heal.restart_limit", config.heal.restart_limit, 1, 100),
        ("heal.memory_percent", config.heal.memory_percent, 1, 100),
        ("heal.disk_percent", config.heal.disk_percent, 1, 100),
    ];
    let counts = counts
        .into_iter()
        .chain(hooks.map(|seconds| ("group.launch_hook.seconds", seconds, 30, 7200)));
    for (key, value, least, most) in counts {
        if !(least..=most).contains(&value) {
            return Err(ConfigError::OutOfRange {
                key,
                value,
                least,
                most,
            });
        }
    }
    Ok(())
}
