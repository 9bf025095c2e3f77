//! Whether a host exists, by what AWS says.

use std::time::Duration;

/// EC2 may not show an instance that was just launched (EC2 API Reference, "Eventual consistency"): one that it does not
/// show is gone after this time only.
pub const MIN_ABSENCE: Duration = Duration::from_mins(5);

/// What follows from AWS's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It runs, or will, or can again.
    There,
    /// It does not exist any more.
    Gone,
    /// AWS may say more the next time.
    Unknown,
}

/// Whether a host exists. `state` is EC2's, if it shows the instance; `unseen_for` is how long EC2 has not shown it.
/// `is_own_account` says that the credentials were seen to be those of the host's account: others see no host at all.
#[must_use]
pub fn presence(state: Option<&str>, unseen_for: Duration, is_own_account: bool) -> Presence {
    match state {
        Some("shutting-down" | "terminated") => Presence::Gone,
        Some(_) => Presence::There,
        None if is_own_account && unseen_for >= MIN_ABSENCE => Presence::Gone,
        None => Presence::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_aws_ended_or_does_not_have_for_a_while_is_gone() {
        let at_once = Duration::ZERO;
        for state in ["pending", "running", "stopping", "stopped"] {
            assert_eq!(
                presence(Some(state), MIN_ABSENCE, true),
                Presence::There,
                "{state}"
            );
        }
        for state in ["shutting-down", "terminated"] {
            assert_eq!(
                presence(Some(state), at_once, true),
                Presence::Gone,
                "{state}"
            );
        }
        assert_eq!(presence(None, at_once, true), Presence::Unknown);
        assert_eq!(presence(None, MIN_ABSENCE, true), Presence::Gone);
        // Credentials of another account see no instance, which is no proof.
        assert_eq!(presence(None, MIN_ABSENCE, false), Presence::Unknown);
    }
}
