//! Messages to people.

use super::endpoints::Service;
use super::parameters::Parameters;
use super::{Aws, AwsError, Permit};

/// The most characters of a subject (SNS API Reference, `Publish`).
const MAX_SUBJECT_CHARS: usize = 100;

impl Aws {
    /// Sends a message to a topic.
    ///
    /// # Errors
    ///
    /// Why it was not taken, or whether that is not known.
    pub async fn publish(
        &self,
        region: &str,
        topic: &str,
        subject: &str,
        message: &str,
        permit: &Permit,
    ) -> Result<(), AwsError> {
        // ASCII without control characters is all that a subject may have.
        let subject: String = subject
            .chars()
            .filter(|character| matches!(character, ' '..='~'))
            .take(MAX_SUBJECT_CHARS)
            .collect();
        let parameters = Parameters::default()
            .with("TopicArn", topic)
            .with("Subject", subject)
            .with("Message", message);
        self.change(Service::Sns, region, "Publish", &parameters, permit)
            .await
            .map(drop)
    }
}
