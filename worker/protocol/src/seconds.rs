//! Lengths of time, as `worker.toml` says them.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A length of time in seconds, from 0 to a year; fractions are allowed.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
pub struct Seconds(#[schemars(range(min = 0, max = 31_536_000))] f64);

/// The longest one: a year.
const MAX_SECONDS: f64 = 31_536_000.0;

impl Seconds {
    /// That many whole seconds.
    #[must_use]
    pub const fn whole(seconds: u32) -> Self {
        Self(seconds as f64)
    }

    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs_f64(self.0)
    }
}

/// A number that is no length of time.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{0} is not a number of seconds from 0 to {MAX_SECONDS}")]
pub struct SecondsError(f64);

impl TryFrom<f64> for Seconds {
    type Error = SecondsError;

    fn try_from(seconds: f64) -> Result<Self, SecondsError> {
        if (0.0..=MAX_SECONDS).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(SecondsError(seconds))
        }
    }
}

impl From<Seconds> for f64 {
    fn from(seconds: Seconds) -> Self {
        seconds.0
    }
}
