//! What came of a request that makes something.

use serde_json::json;

use crate::error::{AwsError, ErrorKind};
use crate::sdk::journal_writer::JournalWriter;
use crate::sdk::refusal::{code, refusal};

/// Notes what was made. That it is there already is as good: names and versions say what they hold.
pub fn made<E, R>(
    call: &str,
    expected: &str,
    sent: Result<Option<String>, aws_smithy_runtime_api::client::result::SdkError<E, R>>,
    record: &mut JournalWriter,
) -> Result<(), AwsError>
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let arn = match sent {
        Ok(arn) => arn.unwrap_or_default(),
        Err(error) if code(&error) == Some("ResourceAlreadyExistsException") => expected.to_owned(),
        Err(error) => return Err(refusal(&format!("imagebuilder:{call}"), &error)),
    };
    record.outcome(call, expected, json!({ "arn": arn }))?;
    if arn == expected {
        return Ok(());
    }
    Err(AwsError::new(
        ErrorKind::Unsafe,
        format!("imagebuilder:{call}"),
        format!("it made {arn} in place of {expected}"),
        "somebody else has made another one of this name: remove theirs, or rename the fleet",
    ))
}

/// A member that the API asks for is not rendered.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
pub fn incomplete(error: aws_smithy_types::error::operation::BuildError) -> AwsError {
    let problem = format!("internal error: a request is not whole: {error}");
    AwsError::new(
        ErrorKind::Usage,
        "imagebuilder",
        problem,
        "report it with your fleet.toml",
    )
}
