//! AWS, as the instance's role may use it.

use std::time::Duration;

use aws_sdk_ssm::config::retry::RetryConfig;
use aws_sdk_ssm::config::timeout::TimeoutConfig;
use aws_sdk_ssm::config::{
    BehaviorVersion, Region, SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_types::SdkConfig;
use valet_protocol::Config;

use crate::http_client::HttpClient;
use crate::metadata::Metadata;

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

/// Where the metadata service says which region this is.
const REGION: &str = "/latest/meta-data/placement/region";

impl Aws {
    /// Makes the clients. Nothing is asked yet, unless the configuration leaves the region to the
    /// metadata service.
    pub async fn new(config: &Config, http: HttpClient) -> Self {
        // A stall must not hold up the looks at the notices for longer than they are apart.
        let timeout = config.notices.timeout_seconds.duration();
        let metadata = Metadata::new(http.clone(), timeout);
        let region = match &config.region {
            Some(region) => Some(region.clone()),
            // Without one every call fails, and says so.
            None => metadata.optional(REGION).await.unwrap_or_default(),
        };
        let shared = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .credentials_provider(SharedCredentialsProvider::new(metadata.clone()))
            .region(region.map(|region| Region::new(region.trim().to_owned())))
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(ATTEMPT)
                    .operation_timeout(OPERATION)
                    .build(),
            )
            // An answer is read whole within the time of its attempt.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self::with(metadata, &shared)
    }

    /// The clients by these settings, each at the address that `AWS_ENDPOINT_URL_...` names for its
    /// service, or `AWS_ENDPOINT_URL` for all, where either is set.
    #[must_use]
    pub fn with(metadata: Metadata, shared: &SdkConfig) -> Self {
        let of = |service: &str| {
            let mut settings = shared.to_builder();
            if let Some(address) = endpoint(service) {
                settings.set_endpoint_url(Some(address));
            }
            settings.build()
        };
        Self {
            metadata,
            autoscaling: aws_sdk_autoscaling::Client::new(&of("AUTO_SCALING")),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&of("CLOUDWATCH")),
            secretsmanager: aws_sdk_secretsmanager::Client::new(&of("SECRETS_MANAGER")),
            ssm: aws_sdk_ssm::Client::new(&of("SSM")),
        }
    }
}

fn endpoint(service: &str) -> Option<String> {
    let named = std::env::var(format!("AWS_ENDPOINT_URL_{service}"));
    named.or_else(|_| std::env::var("AWS_ENDPOINT_URL")).ok()
}
