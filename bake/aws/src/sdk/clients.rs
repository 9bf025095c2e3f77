//! Clients of the services, and whose account it is.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, SharedRetryClassifier,
};

use super::refusal::refusal;
use crate::error::{AwsError, ErrorKind};

/// Image Builder allows few calls a second and says so with a code that the SDK does not know.
#[derive(Debug)]
struct TooManyRequests;

impl ClassifyRetry for TooManyRequests {
    fn name(&self) -> &'static str {
        "too many requests"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context
            .response()
            .map(|response| response.status().as_u16())
        {
            Some(429) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }
}

/// How often a call is sent at the most: with the pauses in between, some two minutes.
const MAX_ATTEMPTS: u32 = 8;

/// How often it is asked whose account it is.
const FIRST_ATTEMPTS: u32 = 3;

/// Whose account it is, and how to ask it.
#[derive(Clone, Debug)]
pub struct AwsClients {
    config: SdkConfig,
    /// 12 digits.
    pub id: String,
    /// Such as `aws`.
    pub partition: String,
    pub region: String,
}

/// Finds credentials as every program of AWS does, and asks whose they are.
///
/// # Errors
/// When there are none, or AWS does not take them.
pub async fn connect(region: &str) -> Result<AwsClients, AwsError> {
    let config = config(region).await;
    let mut sts = aws_sdk_sts::config::Builder::from(&config);
    // The first call of each command: who has no network is told soon.
    sts = sts.retry_config(RetryConfig::standard().with_max_attempts(FIRST_ATTEMPTS));
    sts.push_retry_classifier(SharedRetryClassifier::new(TooManyRequests));
    let answer = aws_sdk_sts::Client::from_conf(sts.build())
        .get_caller_identity()
        .send()
        .await
        .map_err(|error| refusal("sts:GetCallerIdentity", &error))?;
    let id = answer.account().unwrap_or_default();
    if id.len() != 12 || !id.bytes().all(|it| it.is_ascii_digit()) {
        return Err(AwsError::new(
            ErrorKind::Refused,
            "sts:GetCallerIdentity",
            "it names no account",
            "check AWS_ENDPOINT_URL and the profile",
        ));
    }
    let partition = answer
        .arn()
        .and_then(|arn| arn.split(':').nth(1))
        .unwrap_or("aws");
    Ok(AwsClients {
        id: id.to_owned(),
        partition: partition.to_owned(),
        region: region.to_owned(),
        config,
    })
}

async fn config(region: &str) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(5))
                .operation_attempt_timeout(Duration::from_mins(2))
                .build(),
        )
        .load()
        .await
}

macro_rules! clients {
    ($($name:ident: $sdk:ident,)*) => {
        impl AwsClients {$(
            #[must_use]
            pub fn $name(&self) -> $sdk::Client {
                let mut builder = $sdk::config::Builder::from(&self.config);
                builder.push_retry_classifier(SharedRetryClassifier::new(TooManyRequests));
                $sdk::Client::from_conf(builder.build())
            }
        )*}
    };
}

clients! {
    autoscaling: aws_sdk_autoscaling,
    image_builder: aws_sdk_imagebuilder,
    logs: aws_sdk_cloudwatchlogs,
    secrets_manager: aws_sdk_secretsmanager,
    ssm: aws_sdk_ssm,
}

impl AwsClients {
    /// What every client is made from.
    pub(super) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// EC2 in a region: images have copies.
    #[must_use]
    pub fn ec2(&self, region: &str) -> aws_sdk_ec2::Client {
        let mut builder =
            aws_sdk_ec2::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        builder.push_retry_classifier(SharedRetryClassifier::new(TooManyRequests));
        aws_sdk_ec2::Client::from_conf(builder.build())
    }

    /// Parameter Store in a region: launch templates of a copy's region name parameters of their own.
    #[must_use]
    pub fn ssm_in(&self, region: &str) -> aws_sdk_ssm::Client {
        let mut builder =
            aws_sdk_ssm::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        builder.push_retry_classifier(SharedRetryClassifier::new(TooManyRequests));
        aws_sdk_ssm::Client::from_conf(builder.build())
    }

    /// KMS in a region: a key is of one.
    #[must_use]
    pub fn kms(&self, region: &str) -> aws_sdk_kms::Client {
        let mut builder =
            aws_sdk_kms::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        builder.push_retry_classifier(SharedRetryClassifier::new(TooManyRequests));
        aws_sdk_kms::Client::from_conf(builder.build())
    }

    /// S3. With an endpoint of its own, such as a test's, buckets are part of the path.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let mut builder = aws_sdk_s3::config::Builder::from(&self.config)
            .force_path_style(self.config.endpoint_url().is_some());
        builder.push_retry_classifier(SharedRetryClassifier::new(TooManyRequests));
        aws_sdk_s3::Client::from_conf(builder.build())
    }
}
