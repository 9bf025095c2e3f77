//! What is asked for, and what comes of it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::image_documents::ImageBuilderDocuments;

/// A bake that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct AwsBakeRequest<'r> {
    pub fleet: &'r str,
    pub environment: &'r str,
    /// `<fleet>-<environment>`.
    pub prefix: &'r str,
    pub region: &'r str,
    /// As EC2 names it: `x86_64` or `arm64`.
    pub architecture: &'r str,
    /// Every region that gets the image, the fleet's own among them.
    pub regions: &'r [String],
    /// The public SSM parameter with the id of the base image.
    pub base_parameter: &'r str,
    /// The account that publishes the base image.
    pub base_owner: &'r str,
    /// The bodies of Image Builder's requests, as they are rendered.
    pub documents: &'r ImageBuilderDocuments,
    /// SHA-256 of the rendered image files.
    pub config_sha256: &'r str,
    /// SHA-256 of the agent in the payload, where there is one.
    pub worker_sha256: Option<&'r str>,
    /// The commit of the repository, where there is one.
    pub commit: Option<&'r str>,
    /// The bundle, written to a file.
    pub bundle: &'r Path,
    pub bundle_sha256: &'r str,
    /// Days after which an image is marked as deprecated.
    pub deprecate_after_days: u32,
    /// Accounts that may launch the image.
    pub share_with: &'r [String],
    /// The key of an image that is shared, in each region that gets it; none where it is not shared.
    pub image_keys: &'r [ImageKey],
    /// The folder of the journals.
    pub journals: &'r Path,
    /// The id of an interrupted bake that goes on.
    pub resume: Option<&'r str>,
    /// Seconds between two looks at a build in AWS.
    pub poll_seconds: u64,
}

/// The key of an image's snapshots in a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageKey {
    pub region: String,
    /// The ARN of a key that exists. `None` where Terraform makes one, which is found by its alias.
    pub existing: Option<String>,
}

impl ImageKey {
    /// The ARN of the key, or of its alias.
    #[must_use]
    pub fn arn(&self, partition: &str, account: &str, prefix: &str) -> String {
        let Self { region, existing } = self;
        existing.clone().unwrap_or_else(|| {
            format!("arn:{partition}:kms:{region}:{account}:alias/{prefix}-image")
        })
    }
}

/// How many checks of verify.sh came to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct CheckCounts {
    pub passed: u32,
    pub failed: u32,
    pub skipped: u32,
}

impl CheckCounts {
    /// As the tag has it: `<passed>/<failed>/<skipped>`.
    #[must_use]
    pub fn to_tag(self) -> String {
        format!("{}/{}/{}", self.passed, self.failed, self.skipped)
    }

    /// Reads the tag.
    #[must_use]
    pub fn parse_tag(text: &str) -> Option<Self> {
        let mut parts = text.split('/').map(str::parse);
        let mut next = || parts.next().and_then(Result::ok);
        let checks = Self {
            passed: next()?,
            failed: next()?,
            skipped: next()?,
        };
        parts.next().is_none().then_some(checks)
    }
}

/// An image that a bake made, in one region.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct BakedImage {
    pub region: String,
    pub ami: String,
    pub name: String,
    pub snapshots: Vec<String>,
    /// Whether it was there before this run.
    pub found: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_of_checks_is_read_as_it_is_written() {
        let checks = CheckCounts {
            passed: 116,
            failed: 0,
            skipped: 8,
        };
        assert_eq!(CheckCounts::parse_tag(&checks.to_tag()), Some(checks));
        for other in ["", "1/2", "1/2/3/4", "a/b/c"] {
            assert_eq!(CheckCounts::parse_tag(other), None, "{other}");
        }
    }
}
