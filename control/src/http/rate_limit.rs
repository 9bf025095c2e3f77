//! How often somebody may ask. Each token has a bucket of its own, because a fleet behind one NAT has one address; an
//! address has one for requests that were not authenticated.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::auth;
use super::caller::{Caller, NobodySignedIn};
use crate::problem::{Problem, ProblemKind};
use crate::tokens;

/// Requests of one token: each second, and at once.
const PER_TOKEN: Rate = Rate {
    each_second: 20.0,
    at_once: 200.0,
};
/// Requests from one address that were refused with 401. A whole fleet behind one address may have an ended key.
const REFUSED_PER_ADDRESS: Rate = Rate {
    each_second: 50.0,
    at_once: 1000.0,
};
/// Requests for metrics from one address: a scraper asks a few times a minute, and each answer counts all hosts.
const METRICS_PER_ADDRESS: Rate = Rate {
    each_second: 1.0,
    at_once: 10.0,
};
/// The most buckets in memory.
const MAX_BUCKETS: usize = 100_000;
/// The most tokens and logins that are known to count.
const MAX_PROVEN: usize = 200_000;
/// How long ago they may have been shown, where there are more.
const PROOF_LIFE: Duration = Duration::from_hours(1);
/// What hosts call with tokens of their own.
const HEARTBEAT_PATH: &str = "/api/v1/sandboxes/heartbeat";
/// Instances enrol with one key, which all of them share.
const ENROL_PATH: &str = "/api/v1/sandboxes/enrol";

#[derive(Clone, Copy, Debug)]
struct Rate {
    each_second: f64,
    at_once: f64,
}

/// A bucket for each key. One that has not been used for a while is full, and need not be kept.
#[derive(Debug)]
struct Buckets<K> {
    rate: Rate,
    /// What is left, and when that was so.
    left: Mutex<BTreeMap<K, (f64, Instant)>>,
}

impl<K: Ord> Buckets<K> {
    const fn new(rate: Rate) -> Self {
        Self {
            rate,
            left: Mutex::new(BTreeMap::new()),
        }
    }

    /// Takes one out of a bucket, if one is in it.
    fn take(&self, key: K, now: Instant) -> bool {
        self.with(key, now, |available| (available >= 1.0).then_some(1.0))
    }

    /// Whether one is in a bucket.
    fn has(&self, key: K, now: Instant) -> bool {
        self.with(key, now, |available| (available >= 1.0).then_some(0.0))
    }

    /// Takes one out of a bucket even if nothing is in it: of requests that are under way together none knows of the others,
    /// and all of them count.
    fn charge(&self, key: K, now: Instant) {
        let debt = -self.rate.at_once;
        self.with(key, now, |available| (available > debt).then_some(1.0));
    }

    /// Takes what `count` says of what is available; `false` where it says nothing.
    fn with(&self, key: K, now: Instant, count: impl Fn(f64) -> Option<f64>) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = self.rate;
        let filled = |(left, at): (f64, Instant)| {
            let since = now.saturating_duration_since(at).as_secs_f64();
            (left + since * rate.each_second).min(rate.at_once)
        };
        if left.len() >= MAX_BUCKETS {
            left.retain(|_, bucket| filled(*bucket) < rate.at_once);
            // All of them are in use: nobody is refused for that.
            if left.len() >= MAX_BUCKETS {
                left.clear();
            }
        }
        let former = left.get(&key).copied();
        let available = former.map_or(rate.at_once, filled);
        let Some(count) = count(available) else {
            return false;
        };
        if count > 0.0 {
            // Requests end in another order than they began: what was filled until a later time is not filled again.
            let at = former.map_or(now, |(_, at)| at.max(now));
            left.insert(key, (available - count, at));
        }
        true
    }
}

/// The tokens and logins that counted when they were shown last. Whoever tries others from the same address, such as that
/// of a load balancer or of a fleet behind one NAT, holds nobody up who has one.
#[derive(Debug, Default)]
struct Proven(Mutex<BTreeMap<Vec<u8>, Instant>>);

impl Proven {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, credential: &[u8]) -> bool {
        self.lock().contains_key(credential)
    }

    fn add(&self, credential: Vec<u8>, now: Instant) {
        let mut proven = self.lock();
        if proven.len() >= MAX_PROVEN {
            proven.retain(|_, at| now.saturating_duration_since(*at) < PROOF_LIFE);
        }
        if proven.len() < MAX_PROVEN {
            proven.insert(credential, now);
        }
    }

    fn remove(&self, credential: &[u8]) {
        self.lock().remove(credential);
    }
}

/// The limits of one replica.
#[derive(Clone, Debug)]
pub struct RateLimits {
    tokens: Arc<Buckets<Vec<u8>>>,
    addresses: Arc<Buckets<IpAddr>>,
    proven: Arc<Proven>,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            tokens: Arc::new(Buckets::new(PER_TOKEN)),
            addresses: Arc::new(Buckets::new(REFUSED_PER_ADDRESS)),
            proven: Arc::default(),
        }
    }
}

impl RateLimits {
    /// None: for a program that asks as often as it can, such as one that measures.
    #[must_use]
    pub fn unlimited() -> Self {
        const UNLIMITED: Rate = Rate {
            each_second: f64::MAX,
            at_once: f64::MAX,
        };
        Self {
            tokens: Arc::new(Buckets::new(UNLIMITED)),
            addresses: Arc::new(Buckets::new(UNLIMITED)),
            proven: Arc::default(),
        }
    }
}

/// How often one address may ask, whoever it is.
#[derive(Clone, Debug)]
pub struct AddressLimit(Arc<Buckets<IpAddr>>);

impl AddressLimit {
    /// Of those who ask for metrics.
    #[must_use]
    pub fn for_scrapers() -> Self {
        Self(Arc::new(Buckets::new(METRICS_PER_ADDRESS)))
    }
}

/// Refuses with 429 what comes too often from one address.
pub async fn limit_address(
    State(limit): State<AddressLimit>,
    request: Request,
    next: Next,
) -> Response {
    let address = auth::peer_address(request.extensions());
    if limit.0.take(address, Instant::now()) {
        return next.run(request).await;
    }
    Problem::from(ProblemKind::TooManyRequests).into_response()
}

/// The token of a request, and the token or login that it shows. Only hashes of them.
fn shown(request: &Request) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let header = |name| request.headers().get(name).map(HeaderValue::as_bytes);
    let token = header(AUTHORIZATION)
        .filter(|_| request.uri().path() != ENROL_PATH)
        .map(tokens::hash_bytes);
    let login = || header(COOKIE).map(tokens::hash_bytes);
    let credential = token.clone().or_else(login);
    (token, credential)
}

/// Refuses with 429 what comes too often.
pub async fn limit(State(limits): State<RateLimits>, mut request: Request, next: Next) -> Response {
    let now = Instant::now();
    let address = auth::peer_address(request.extensions());
    let is_heartbeat = request.uri().path() == HEARTBEAT_PATH;
    let (token, credential) = shown(&request);
    let is_proven = credential
        .as_ref()
        .is_some_and(|credential| limits.proven.has(credential));
    let is_allowed = (is_proven || limits.addresses.has(address, now))
        && token.is_none_or(|token| limits.tokens.take(token, now));
    if !is_allowed {
        return Problem::from(ProblemKind::TooManyRequests).into_response();
    }
    let caller = Caller::default();
    request.extensions_mut().insert(caller.clone());
    let response = next.run(request).await;
    let is_refused = response.status() == StatusCode::UNAUTHORIZED
        || response.extensions().get::<NobodySignedIn>().is_some();
    if is_refused {
        limits.addresses.charge(address, now);
    }
    match credential {
        Some(credential) if is_refused => limits.proven.remove(&credential),
        Some(credential)
            if caller.actor().is_some() || (is_heartbeat && response.status().is_success()) =>
        {
            limits.proven.add(credential, now);
        }
        _ => {}
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_fills_again_and_concerns_nobody_else() {
        let buckets = Buckets::new(Rate {
            each_second: 2.0,
            at_once: 3.0,
        });
        let now = Instant::now();
        let take = |key: &'static str, now| buckets.take(key, now);
        assert!(take("a", now) && take("a", now) && take("a", now));
        assert!(!take("a", now));
        assert!(!buckets.has("a", now));
        assert!(take("b", now));
        let later = now + Duration::from_millis(500);
        assert!(take("a", later));
        assert!(!take("a", later));
        assert!(take("a", now + Duration::from_hours(1)));
    }

    #[test]
    fn what_was_filled_is_not_filled_again_by_a_request_that_began_earlier() {
        let buckets = Buckets::new(Rate {
            each_second: 1.0,
            at_once: 3.0,
        });
        let now = Instant::now();
        let take = |seconds| buckets.take("a", now + Duration::from_secs(seconds));
        assert!(take(2) && take(0) && take(2));
        assert!(!take(2));
    }

    #[test]
    fn what_is_under_way_together_counts_altogether() {
        let buckets = Buckets::new(Rate {
            each_second: 1.0,
            at_once: 3.0,
        });
        let now = Instant::now();
        for _ in 0..5 {
            buckets.charge("a", now);
        }
        assert!(!buckets.has("a", now + Duration::from_secs(2)));
        assert!(buckets.has("a", now + Duration::from_secs(3)));
        // No more than three are owed.
        for _ in 0..50 {
            buckets.charge("a", now);
        }
        assert!(buckets.has("a", now + Duration::from_secs(4)));
    }
}
