//! The journal of a bake, as the stages write it.

use serde_json::Value;

use crate::bake_id::BakeId;
use crate::error::{AwsError, ErrorKind};
use crate::journal::{Journal, JournalError, Start};
use crate::request::AwsBakeRequest;

/// Writes down each call before it is sent and each answer after it.
pub struct JournalWriter {
    journal: Journal,
}

impl JournalWriter {
    /// Opens the journal of a bake, and says that a run begins.
    pub fn open(
        request: &AwsBakeRequest<'_>,
        id: &BakeId,
        start: &Start,
    ) -> Result<Self, AwsError> {
        let journal = Journal::open(request.journals, id, start);
        let journal = journal.map_err(|error| unwritable(&error))?;
        Ok(Self { journal })
    }

    /// Says how it ended.
    pub fn end(&mut self, result: Value) -> Result<(), AwsError> {
        self.journal.end(result).map_err(|error| unwritable(&error))
    }

    pub fn intent(&mut self, call: &str, subject: &str) -> Result<(), AwsError> {
        self.journal
            .intent(call, subject)
            .map_err(|error| unwritable(&error))
    }

    pub fn outcome(&mut self, call: &str, subject: &str, answer: Value) -> Result<(), AwsError> {
        self.journal
            .outcome(call, subject, answer)
            .map_err(|error| unwritable(&error))
    }
}

fn unwritable(error: &JournalError) -> AwsError {
    AwsError::new(
        ErrorKind::File,
        "journal",
        error,
        "choose a folder that can be written, with --out; nothing is sent to AWS that is not noted before",
    )
}

/// What a journal says of the bake.
pub fn start(request: &AwsBakeRequest<'_>, source_ami: &str) -> Start {
    Start {
        fleet: request.fleet.to_owned(),
        environment: request.environment.to_owned(),
        region: request.region.to_owned(),
        source_ami: source_ami.to_owned(),
        config_sha256: request.config_sha256.to_owned(),
        bundle_sha256: request.bundle_sha256.to_owned(),
    }
}
