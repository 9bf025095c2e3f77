//! The metadata service, and the credentials that it gives.
//!
//! The SDK's client keeps its token until that ends by the host's clock, also when the service
//! refuses it. A clock that was set back, or a service that has forgotten its tokens, would leave the
//! host without notices for up to six hours. So a client that is refused is replaced by a new one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::imds;
use aws_config::imds::client::error::ImdsError;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, ProvideCredentials, future};

use crate::failure::chain;

/// The metadata service.
#[derive(Clone, Debug)]
pub struct Metadata(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    provider: ProviderConfig,
    timeout: Duration,
    current: Mutex<Current>,
}

/// What asks at the moment. Both share one token.
#[derive(Clone, Debug)]
struct Current {
    /// Tells it from the one before, so that of several that are refused at once only the first
    /// replaces it.
    number: u64,
    client: imds::Client,
    credentials: Arc<ImdsCredentialsProvider>,
}

impl Metadata {
    /// Asks by this configuration's HTTP client; `timeout` is for connecting and for an answer.
    #[must_use]
    pub fn new(provider: ProviderConfig, timeout: Duration) -> Self {
        let current = Mutex::new(Current::new(&provider, timeout, 0));
        Self(Arc::new(Inner {
            provider,
            timeout,
            current,
        }))
    }

    /// What it has at a path. Only 404 means that there is nothing; everything else means that we do
    /// not know.
    ///
    /// # Errors
    ///
    /// Why we do not know, in words.
    pub async fn optional(&self, path: &str) -> Result<Option<String>, String> {
        let current = self.current();
        let answer = match current.client.get(path).await {
            Err(error) if status(&error) == Some(401) => {
                self.replace(&current);
                self.current().client.get(path).await
            }
            answer => answer,
        };
        match answer {
            Ok(text) => Ok(Some(text.into())),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(chain(&error)),
        }
    }

    /// The client that is in use, for what only the SDK can ask.
    #[must_use]
    pub fn client(&self) -> imds::Client {
        self.current().client
    }

    fn current(&self) -> Current {
        self.lock().clone()
    }

    fn replace(&self, refused: &Current) {
        let mut current = self.lock();
        if current.number == refused.number {
            tracing::info!("the metadata service has refused its token; asking for another");
            *current = Current::new(&self.0.provider, self.0.timeout, refused.number + 1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        // Nothing that is held here is left half changed by a panic.
        self.0
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn of_role(&self) -> provider::Result {
        let current = self.current();
        match current.credentials.provide_credentials().await {
            Err(error) => {
                // It does not show whether the token was why.
                tracing::debug!(%error, "no credentials; asking with another token");
                self.replace(&current);
                self.current().credentials.provide_credentials().await
            }
            credentials => credentials,
        }
    }
}

impl Current {
    fn new(provider: &ProviderConfig, timeout: Duration, number: u64) -> Self {
        let client = imds::Client::builder()
            .configure(provider)
            .connect_timeout(timeout)
            .read_timeout(timeout)
            .max_attempts(2)
            .build();
        let credentials = ImdsCredentialsProvider::builder()
            .configure(provider)
            .imds_client(client.clone())
            .build();
        Self {
            number,
            client,
            credentials: Arc::new(credentials),
        }
    }
}

impl ProvideCredentials for Metadata {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.of_role())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.current().credentials.fallback_on_interrupt()
    }
}

/// The status of an answer that is no success, if there was one.
fn status(error: &ImdsError) -> Option<u16> {
    match error {
        ImdsError::ErrorResponse(answer) => Some(answer.response().status().as_u16()),
        _ => None,
    }
}
