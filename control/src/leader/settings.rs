//! `[leader]` of control.toml.

use std::time::Duration;

use serde::Deserialize;

use crate::aws::CALL_TIMEOUT;

/// How long a leader leads without a word.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaderSettings {
    /// Seconds after which another replica leads when the leader says nothing: 12 to 300.
    #[serde(default = "default_lease")]
    pub lease_seconds: u16,
}

const fn default_lease() -> u16 {
    30
}

impl Default for LeaderSettings {
    fn default() -> Self {
        Self {
            lease_seconds: default_lease(),
        }
    }
}

impl LeaderSettings {
    /// The lease, which a call of AWS ends within.
    #[must_use]
    pub fn lease(self) -> Duration {
        let least = CALL_TIMEOUT + Duration::from_secs(2);
        Duration::from_secs(self.lease_seconds.into()).clamp(least, Duration::from_mins(5))
    }
}
