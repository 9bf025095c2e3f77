//! Requests that are signed and sent without a client of their service: of a service that is asked one thing.

use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;

use super::clients::AwsClients;
use crate::error::{AwsError, ErrorKind};

/// The credentials of an account.
#[derive(Clone, Debug)]
pub struct Signer {
    identity: Identity,
    endpoint: Option<String>,
}

/// A request to be signed.
#[derive(Clone, Copy, Debug)]
pub struct UnsignedRequest<'u> {
    /// As the signature names it, such as `ec2`.
    pub service: &'u str,
    pub region: &'u str,
    pub method: &'u str,
    pub url: &'u str,
    /// In lower case.
    pub headers: &'u [(&'u str, &'u str)],
    pub body: &'u [u8],
}

impl AwsClients {
    /// What signs with the account's credentials.
    ///
    /// # Errors
    /// When the credentials have gone.
    pub async fn signer(&self) -> Result<Signer, AwsError> {
        let help = "sign in, such as with `aws sso login`, and name the profile with AWS_PROFILE";
        let refused =
            |problem: String| AwsError::new(ErrorKind::Refused, "credentials", problem, help);
        let provider = self.config().credentials_provider();
        let provider = provider.ok_or_else(|| refused("there are none".to_owned()))?;
        let credentials = provider.provide_credentials().await;
        Ok(Signer {
            identity: credentials
                .map_err(|error| refused(error.to_string()))?
                .into(),
            endpoint: self.config().endpoint_url().map(str::to_owned),
        })
    }
}

impl Signer {
    /// The one address of all services, where the environment or the profile names one.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The headers that the signature adds.
    ///
    /// # Errors
    /// When the request is none.
    pub fn sign(&self, request: UnsignedRequest<'_>) -> Result<Vec<(String, String)>, AwsError> {
        let failed = |problem: &dyn std::fmt::Display| {
            AwsError::new(
                ErrorKind::Refused,
                request.service,
                problem,
                "report it with your fleet.toml",
            )
        };
        let mut settings = SigningSettings::default();
        if request.service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a signature holds for the minutes after it was made"
        )]
        let now = SystemTime::now();
        let params = SigningParams::builder()
            .identity(&self.identity)
            .region(request.region)
            .name(request.service)
            .time(now)
            .settings(settings)
            .build()
            .map_err(|error| failed(&error))?
            .into();
        let signable = SignableRequest::new(
            request.method,
            request.url,
            request.headers.iter().copied(),
            SignableBody::Bytes(request.body),
        );
        let signable = signable.map_err(|error| failed(&error))?;
        let (instructions, _) = sign(signable, &params)
            .map_err(|error| failed(&error))?
            .into_parts();
        let headers = instructions.headers();
        Ok(headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }
}
