//! Waiting for something to become true, for a bounded time.

use std::time::{Duration, Instant};

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(10);

/// Waits until this is so, and says how long it took.
///
/// # Panics
///
/// When it is not so within the limit; the message says what was waited for.
#[track_caller]
pub fn until(
    limit: Duration,
    what: &str,
    is_so: impl FnMut() -> bool,
) -> impl Future<Output = Duration> {
    let caller = std::panic::Location::caller();
    until_called(caller, limit, what.to_owned(), is_so)
}

async fn until_called(
    caller: &'static std::panic::Location<'static>,
    limit: Duration,
    what: String,
    mut is_so: impl FnMut() -> bool,
) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < limit,
            "{caller}: after {limit:?} still not so: {what}"
        );
        tokio::time::sleep(PAUSE).await;
    }
    began.elapsed()
}
