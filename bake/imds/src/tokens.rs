//! Session tokens.

use std::time::{Duration, Instant};

/// The longest life of a token: six hours, by the EC2 user guide.
pub const MAX_TOKEN_TTL: Duration = Duration::from_hours(6);

/// The tokens that were issued.
#[derive(Clone, Debug)]
pub struct Tokens {
    issued: Vec<(String, Instant)>,
    count: u64,
    limit: Duration,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            issued: Vec::new(),
            count: 0,
            limit: MAX_TOKEN_TTL,
        }
    }
}

impl Tokens {
    /// Issues a token for as many seconds as the header asks for. `None` where it asks for none, or
    /// for more than six hours: that is status 400.
    pub fn issue(&mut self, ttl: Option<&str>) -> Option<(String, Duration)> {
        let seconds: u64 = ttl?.trim().parse().ok()?;
        if !(1..=MAX_TOKEN_TTL.as_secs()).contains(&seconds) {
            return None;
        }
        let life = Duration::from_secs(seconds).min(self.limit);
        self.count += 1;
        let token = format!("AQAEA-token-{}==", self.count);
        self.issued.push((token.clone(), Instant::now() + life));
        Some((token, life))
    }

    /// Whether a token was issued and has not expired.
    #[must_use]
    pub fn accepts(&self, token: Option<&str>) -> bool {
        let now = Instant::now();
        token.is_some_and(|token| {
            let mut issued = self.issued.iter();
            issued.any(|(known, ends)| known == token && now < *ends)
        })
    }

    /// Refuses every token that was issued so far.
    pub fn revoke(&mut self) {
        self.issued.clear();
    }

    /// Limits the life of tokens that are issued from now on, whatever is asked for.
    pub fn limit_ttl(&mut self, life: Duration) {
        self.limit = life;
    }
}
