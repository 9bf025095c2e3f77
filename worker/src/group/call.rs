//! One call of Auto Scaling, tried until it is settled.

use std::time::Duration;

use aws_sdk_autoscaling::error::{ProvideErrorMetadata, SdkError};

use crate::backoff::Backoff;
use crate::error::chain;

/// The first and the longest pause after a failed call.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// The shortest pause: full jitter may say "at once".
const MIN_PAUSE: Duration = Duration::from_millis(250);

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    Done,
    /// `ValidationError`: there is no such instance, hook or action, or not in this lifecycle state.
    Invalid,
    /// Everything else: throttled, denied, unreachable.
    Failed,
}

/// The outcome of a call, which is logged if it failed.
pub fn outcome<T, E, R>(operation: &str, result: &Result<T, SdkError<E, R>>) -> CallOutcome
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    match result {
        Ok(_) => CallOutcome::Done,
        Err(error) => {
            let reason = chain(error);
            tracing::error!(operation, reason, "an Auto Scaling call failed");
            if error.code() == Some("ValidationError") {
                CallOutcome::Invalid
            } else {
                CallOutcome::Failed
            }
        }
    }
}

/// Repeats a call, with growing pauses, until `settled` accepts its outcome. `settled` is told how
/// many attempts there were.
pub async fn until_settled<F: Future<Output = CallOutcome>>(
    mut call: impl FnMut() -> F,
    settled: impl Fn(CallOutcome, u32) -> bool,
) -> CallOutcome {
    let mut backoff = Backoff::new(FIRST_PAUSE, MAX_PAUSE);
    loop {
        let outcome = call().await;
        if outcome == CallOutcome::Done || settled(outcome, backoff.failures() + 1) {
            return outcome;
        }
        tokio::time::sleep(backoff.pause().max(MIN_PAUSE)).await;
    }
}
