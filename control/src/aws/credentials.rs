//! Credentials that are kept until they end.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::{CredentialSource, Endpoints};
use crate::outbound::Outbound;

/// How long before their end credentials are renewed.
const RENEWAL: Duration = Duration::from_mins(5);

/// One source of credentials, and those that it gave last.
pub struct CredentialCache {
    source: CredentialSource,
    last: Mutex<Option<Credentials>>,
}

impl CredentialCache {
    #[must_use]
    pub fn new(source: CredentialSource) -> Self {
        Self {
            source,
            last: Mutex::new(None),
        }
    }

    /// Credentials that have not ended: the last ones, or new ones.
    ///
    /// # Errors
    ///
    /// Why there are none; without any secret.
    pub async fn get(
        &self,
        outbound: &Outbound,
        endpoints: &Endpoints,
    ) -> Result<Credentials, String> {
        let mut last = self.last.lock().await;
        if let Some(kept) = last.as_ref().filter(|kept| lasts(kept, RENEWAL)) {
            return Ok(kept.clone());
        }
        match self.source.fetch(outbound, endpoints).await {
            Ok(fresh) => {
                *last = Some(fresh.clone());
                Ok(fresh)
            }
            Err(reason) => match last.as_ref().filter(|kept| lasts(kept, Duration::ZERO)) {
                Some(kept) => {
                    tracing::warn!(reason, "the credentials for AWS cannot be renewed yet");
                    Ok(kept.clone())
                }
                None => Err(reason),
            },
        }
    }
}

fn lasts(credentials: &Credentials, time: Duration) -> bool {
    let end = credentials.expiry();
    end.is_none_or(|end| end > system_time(Timestamp::now()) + time)
}

/// As AWS's own types have it.
pub(super) fn system_time(time: Timestamp) -> SystemTime {
    SystemTime::try_from(time).unwrap_or(SystemTime::UNIX_EPOCH)
}
