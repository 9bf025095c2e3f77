//! AWS, as the instance's role may use it.

use std::time::Duration;

use aws_config::imds;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use valet_protocol::Config;

use crate::metadata::Metadata;
use crate::trust;

/// The clients. They share one HTTP client and one set of credentials, the role's, which the
/// metadata service gives and renews; no file and no variable can put others in their place.
#[derive(Clone, Debug)]
pub struct Aws {
    pub metadata: Metadata,
    pub autoscaling: aws_sdk_autoscaling::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub secretsmanager: aws_sdk_secretsmanager::Client,
    pub ssm: aws_sdk_ssm::Client,
}

/// How long one attempt of a call may take, and all of them together.
const ATTEMPT: Duration = Duration::from_secs(5);
const OPERATION: Duration = Duration::from_secs(15);

impl Aws {
    /// Makes the clients. Nothing is asked yet, unless the configuration leaves the region to the
    /// metadata service.
    pub async fn new(config: &Config) -> Self {
        // The metadata service talks no TLS, so nothing about it waits for certificates.
        let plain = aws_smithy_http_client::Builder::new().build_http();
        let provider = ProviderConfig::without_region().with_http_client(plain);
        // The SDK's own patience with the metadata service is one second to connect and three
        // attempts. A stall must not hold up the looks at the notices for longer than they are apart.
        let timeout = config.notices.timeout_seconds.duration();
        let metadata = Metadata::new(provider.clone(), timeout);
        let region = match &config.region {
            Some(region) => Some(Region::new(region.clone())),
            None => {
                imds::region::ImdsRegionProvider::builder()
                    .configure(&provider)
                    .imds_client(metadata.client())
                    .build()
                    .region()
                    .await
            }
        };
        let trusted = TrustStore::empty().with_pem_certificate(trust::pem());
        let context = TlsContext::builder().with_trust_store(trusted).build();
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(
                tls::rustls_provider::CryptoMode::Ring,
            ))
            .tls_context(context.unwrap_or_default())
            .build_https();
        let shared = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .credentials_provider(metadata.clone())
            .region(region)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(ATTEMPT)
                    .operation_timeout(OPERATION)
                    .build(),
            )
            .load()
            .await;
        Self::with(metadata, &shared)
    }

    fn with(metadata: Metadata, shared: &SdkConfig) -> Self {
        Self {
            metadata,
            autoscaling: aws_sdk_autoscaling::Client::new(shared),
            cloudwatch: aws_sdk_cloudwatch::Client::new(shared),
            secretsmanager: aws_sdk_secretsmanager::Client::new(shared),
            ssm: aws_sdk_ssm::Client::new(shared),
        }
    }
}
