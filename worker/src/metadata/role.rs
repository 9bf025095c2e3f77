//! The credentials of the instance's role.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use jiff::Timestamp;
use serde::Deserialize;

use super::client::Metadata;
use super::error::MetadataError;

/// The name of the role, and below it its credentials (EC2 User Guide, "Retrieve security
/// credentials from instance metadata").
const ROLE: &str = "/latest/meta-data/iam/security-credentials/";

/// How much longer credentials are used that could not be renewed. AWS may accept them still: it
/// extends them itself when its own side cannot renew them (AWS SDKs Reference Guide, "IMDS
/// credential provider").
const EXTENSION: Duration = Duration::from_mins(10);

/// The last credentials that were given.
#[derive(Debug, Default)]
pub struct LastCredentials(Mutex<Option<Credentials>>);

/// Why there are no credentials. The service's text is never repeated: it holds the key.
#[derive(Debug, thiserror::Error)]
enum RoleError {
    #[error("the instance has no role")]
    NoRole,
    /// AWS's own code, such as `AssumeRoleUnauthorizedAccess`.
    #[error("the role's credentials: {0}")]
    Refused(String),
    #[error("the role's credentials are not the expected JSON, line {line}, column {column}")]
    Invalid { line: usize, column: usize },
    #[error("the role's credentials have an unusable expiry: {0}")]
    Expiry(#[source] jiff::Error),
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl LastCredentials {
    fn lock(&self) -> MutexGuard<'_, Option<Credentials>> {
        // Nothing that is held here is left half changed by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether there are any. Where the role cannot be assumed this is all that there is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    code: String,
}

/// Not to be shown, so there is no `Debug`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: Timestamp,
}

impl Metadata {
    async fn of_role(&self) -> Result<Credentials, RoleError> {
        let get = async |path: &str| self.optional(path).await?.ok_or(RoleError::NoRole);
        let role = get(ROLE).await?;
        let role = role.lines().next().unwrap_or_default().trim();
        if role.is_empty() {
            return Err(RoleError::NoRole);
        }
        read(&get(&format!("{ROLE}{role}")).await?)
    }

    /// New ones, or where there are none those that were given last.
    async fn provide(&self) -> provider::Result {
        let error = match self.of_role().await {
            Ok(credentials) => {
                let credentials = extended(credentials, now());
                *self.last_credentials().lock() = Some(credentials.clone());
                return Ok(credentials);
            }
            Err(error) => error,
        };
        let last = self.last_credentials().lock().clone();
        match last {
            Some(last) => {
                tracing::warn!(
                    reason = %error,
                    "the role's credentials cannot be renewed; the previous ones stay in use"
                );
                Ok(extended(last, now()))
            }
            None => Err(CredentialsError::provider_error(format!(
                "the metadata service: {error}"
            ))),
        }
    }
}

impl ProvideCredentials for Metadata {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        let last = self.last_credentials().lock().clone();
        last.map(|last| extended(last, now()))
    }
}

/// Every time that there is has a place in both types.
fn now() -> SystemTime {
    SystemTime::try_from(Timestamp::now()).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn read(text: &str) -> Result<Credentials, RoleError> {
    let unreadable = |error: serde_json::Error| RoleError::Invalid {
        line: error.line(),
        column: error.column(),
    };
    let outcome: Outcome = serde_json::from_str(text).map_err(unreadable)?;
    if outcome.code != "Success" {
        return Err(RoleError::Refused(outcome.code));
    }
    let given: Given = serde_json::from_str(text).map_err(unreadable)?;
    let expiration = SystemTime::try_from(given.expiration).map_err(RoleError::Expiry)?;
    Ok(Credentials::new(
        given.access_key_id,
        given.secret_access_key,
        Some(given.token),
        Some(expiration),
        "metadata service",
    ))
}

/// Those that have ended count a little longer.
fn extended(mut credentials: Credentials, now: SystemTime) -> Credentials {
    if credentials.expiry().is_some_and(|end| end <= now) {
        *credentials.expiry_mut() = Some(now + EXTENSION);
    }
    credentials
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = r#"{
        "Code": "Success", "LastUpdated": "2026-04-26T16:39:16Z", "Type": "AWS-HMAC",
        "AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey": "hidden-key",
        "Token": "hidden-token", "Expiration": "2026-05-17T15:09:54Z"
    }"#;

    #[test]
    fn credentials_are_read_and_not_shown() {
        let credentials = read(GIVEN).unwrap();
        assert_eq!(credentials.access_key_id(), "ASIAIOSFODNN7EXAMPLE");
        assert_eq!(credentials.secret_access_key(), "hidden-key");
        assert_eq!(credentials.session_token(), Some("hidden-token"));
        let end = Timestamp::try_from(credentials.expiry().unwrap()).unwrap();
        assert_eq!(end.to_string(), "2026-05-17T15:09:54Z");
        assert!(!format!("{credentials:?}").contains("hidden-key"));
        for broken in [
            GIVEN.replace('}', ""),
            GIVEN.replace("Expiration", "Hidden"),
        ] {
            let message = read(&broken).unwrap_err().to_string();
            assert!(!message.contains("idden"), "{message}");
        }
        let error = read(r#"{"Code": "AssumeRoleUnauthorizedAccess", "Message": ""}"#).unwrap_err();
        assert!(
            matches!(&error, RoleError::Refused(code) if code == "AssumeRoleUnauthorizedAccess"),
            "{error}"
        );
    }

    #[test]
    fn only_what_has_ended_is_extended() {
        let credentials = read(GIVEN).unwrap();
        let end = credentials.expiry().unwrap();
        let before = extended(credentials.clone(), end - Duration::from_secs(1));
        assert_eq!(before.expiry(), Some(end));
        let after = extended(credentials, end);
        assert_eq!(after.expiry(), Some(end + EXTENSION));
    }
}
