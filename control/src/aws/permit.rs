//! Until when a call may begin.

use std::time::Duration;

use crate::outbound::BootTime;

/// Allows calls that change something, for as long as nobody else may make them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Nobody else makes such a call before then.
    until: BootTime,
}

impl Permit {
    #[must_use]
    pub const fn until(until: BootTime) -> Self {
        Self { until }
    }

    /// For what a person asked this replica to do now.
    #[must_use]
    pub fn of_request() -> Self {
        Self::until(BootTime::now() + 3 * super::CALL_TIMEOUT)
    }

    /// Whether a call that takes this long would end in time.
    #[must_use]
    pub fn allows(&self, duration: Duration) -> bool {
        self.until.remaining() >= duration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_to_end_before_the_permit() {
        let permit = Permit::until(BootTime::now() + Duration::from_secs(20));
        assert!(permit.allows(Duration::from_secs(10)));
        assert!(!permit.allows(Duration::from_secs(30)));
        let ended = Permit::until(BootTime::now());
        assert!(!ended.allows(Duration::from_millis(1)));
    }
}
