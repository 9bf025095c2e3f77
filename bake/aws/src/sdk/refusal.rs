//! What AWS refuses, as a problem that somebody can act upon.

use std::error::Error;
use std::fmt::Debug;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error::{AwsError, ErrorKind};

/// Codes that say who asks may not ask this.
const PERMISSION: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "Blocked",
    "ForbiddenException",
    "UnauthorizedOperation",
];

/// Codes that say AWS does not know who asks.
const CREDENTIALS: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Codes by which a region says that the account is not known there. A wrong clock has the same answer.
const REGION: &[&str] = &["AuthFailure", "OptInRequired"];

/// Codes that say the account has no more of it.
const QUOTA: &[&str] = &[
    "LimitExceededException",
    "QuotaExceededException",
    "ResourceLimitExceeded",
    "ServiceQuotaExceededException",
    "VcpuLimitExceeded",
];

/// Codes that say to ask again later; the SDK has done so already.
const LATER: &[&str] = &[
    "CallRateLimitExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// The code of an error that a service answered with.
pub fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}

/// Whether a service says that there is no such thing.
pub fn is_missing<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    code(error).is_some_and(|code| {
        code.ends_with("NotFound")
            || code.ends_with("NotFoundException")
            || code.contains(".NotFound")
            || code.ends_with(".Unavailable")
            || matches!(code, "NoSuchKey" | "NoSuchBucket" | "ParameterNotFound")
    })
}

/// The problem that an error of a call is. `call` is such as `ec2:DescribeImages`.
pub fn refusal<E, R>(call: &str, error: &SdkError<E, R>) -> AwsError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug,
{
    let (kind, problem, help) = match error {
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or("an error without a code");
            let message = answer.err().message().unwrap_or("without a message");
            let problem = plain(&format!("{code}: {message}"));
            if PERMISSION.contains(&code) {
                let help =
                    format!("allow {call} to whoever runs this; docs/bake.md has the policy");
                (ErrorKind::Refused, problem, help)
            } else if REGION.contains(&code) {
                let help = "see that the region is enabled for the account, with `aws account list-regions`, that this machine's clock is right, and that AWS_PROFILE is the account's";
                (ErrorKind::Refused, problem, help.to_owned())
            } else if is_of_clock(code, message) {
                let help = "set this machine's clock: AWS takes no request that is minutes off";
                (ErrorKind::Refused, problem, help.to_owned())
            } else if CREDENTIALS.contains(&code) {
                let help =
                    "sign in again, such as with `aws sso login`, and check AWS_PROFILE".to_owned();
                (ErrorKind::Refused, problem, help)
            } else if QUOTA.contains(&code) {
                let help =
                    "ask for more in Service Quotas, or remove what is not needed".to_owned();
                (ErrorKind::Refused, problem, help)
            } else if LATER.contains(&code) || is_fault_of_aws(code) {
                let help = "wait some minutes and run the same command again".to_owned();
                (ErrorKind::Resumable, problem, help)
            } else {
                let help = format!("correct what {call} refuses");
                (ErrorKind::Refused, problem, help)
            }
        }
        SdkError::ConstructionFailure(_) => (
            ErrorKind::Refused,
            root_cause(error),
            "name the region and the credentials, such as with AWS_PROFILE".to_owned(),
        ),
        SdkError::DispatchFailure(failure) if failure.is_other() => (
            ErrorKind::Refused,
            root_cause(error),
            "sign in, such as with `aws sso login`, and name the profile with AWS_PROFILE"
                .to_owned(),
        ),
        _ => (
            ErrorKind::Resumable,
            format!("AWS cannot be reached: {}", root_cause(error)),
            "check the network, and run the same command again".to_owned(),
        ),
    };
    AwsError::new(kind, call, problem, help)
}

/// Whether a request was refused for the time in its signature.
fn is_of_clock(code: &str, message: &str) -> bool {
    matches!(
        code,
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture"
    ) || message.contains("Signature expired")
        || message.contains("Signature not yet current")
}

fn is_fault_of_aws(code: &str) -> bool {
    matches!(
        code,
        "InternalError"
            | "InternalFailure"
            | "InternalServerError"
            | "InternalServiceError"
            | "ServiceException"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "Unavailable"
    ) || code == "an error without a code"
}

/// The innermost of the errors: the outer ones only say that there is one.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    plain(&cause.to_string())
}

/// What comes from outside, without what could harm a terminal, and of at most 400 characters.
pub fn plain(text: &str) -> String {
    let text = text
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it });
    text.take(400).collect()
}
