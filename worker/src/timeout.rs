//! Work that has to end in time.

use std::time::Duration;

/// Nothing answered within this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {} s", .0.as_secs_f64())]
pub struct TimedOut(pub Duration);

/// What the work comes to, if it ends within this time. Work that does not is dropped.
///
/// # Errors
///
/// Those of the work, and [`TimedOut`].
pub async fn within<T, E: From<TimedOut>>(
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(TimedOut(limit).into()),
    }
}
