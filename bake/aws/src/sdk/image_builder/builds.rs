//! Builds of an image's version.

use std::collections::BTreeMap;

use aws_sdk_imagebuilder::types as ib;

use crate::error::AwsError;
use crate::sdk::refusal::{is_missing, refusal};

/// A build of an image's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    pub arn: String,
    pub status: ib::ImageStatus,
    /// The images that it made, by region.
    pub amis: BTreeMap<String, String>,
}

impl Build {
    /// Whether it ends without an image, or has ended so.
    pub fn is_lost(&self) -> bool {
        use ib::ImageStatus as S;
        matches!(
            self.status,
            S::Cancelled | S::Failed | S::Deleted | S::Deprecated | S::Disabled
        )
    }
}

/// Every build of an image's version, the newest first.
pub async fn builds(
    client: &aws_sdk_imagebuilder::Client,
    image_version_arn: &str,
) -> Result<Vec<Build>, AwsError> {
    let mut builds = Vec::new();
    let mut token = None;
    loop {
        let call = client
            .list_image_build_versions()
            .image_version_arn(image_version_arn);
        let page = match call.set_next_token(token).send().await {
            Ok(page) => page,
            Err(error) if is_missing(&error) => break,
            Err(error) => return Err(refusal("imagebuilder:ListImageBuildVersions", &error)),
        };
        for summary in page.image_summary_list() {
            let status = summary.state().and_then(|state| state.status()).cloned();
            builds.push(Build {
                arn: summary.arn().unwrap_or_default().to_owned(),
                status: status.unwrap_or(ib::ImageStatus::Pending),
                amis: amis(summary.output_resources()),
            });
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(builds)
}

/// The images of a build, by region.
pub fn amis(output: Option<&ib::OutputResources>) -> BTreeMap<String, String> {
    let amis = output
        .map(ib::OutputResources::amis)
        .unwrap_or_default()
        .iter();
    amis.filter_map(|ami| Some((ami.region()?.to_owned(), ami.image()?.to_owned())))
        .collect()
}
