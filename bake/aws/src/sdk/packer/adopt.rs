//! Images that an interrupted run had finished, which are worth keeping.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::run::{SBOM, VERIFY};
use crate::bake_id::BakeId;
use crate::error::AwsError;
use crate::request::AwsBakeRequest;
use crate::sdk::clients::AwsClients;
use crate::sdk::find::{Ec2Image, images_with};
use crate::tags;
use crate::verify_report::VerifyReport;

/// The images of a bake that Packer had finished, by region. `None` where a region has none or a half-made one, or where
/// the reports of the build host are not on this machine: without them nothing says that the image passed its checks.
///
/// # Errors
/// When AWS refuses a call.
pub async fn finished(
    account: &AwsClients,
    request: &AwsBakeRequest<'_>,
    id: &BakeId,
    reports: &Path,
) -> Result<Option<BTreeMap<String, String>>, AwsError> {
    if !has_reports(reports) {
        return Ok(None);
    }
    let tag = format!("tag:{}", tags::BAKE_ID);
    let mut finished = BTreeMap::new();
    for region in request.regions {
        let images = images_with(account, region, &[(&tag, id.as_str())]).await?;
        let Some(image) = images.into_iter().find(is_finished) else {
            return Ok(None);
        };
        finished.insert(region.clone(), image.ami);
    }
    Ok(Some(finished))
}

/// Packer writes the tag of the source image last.
fn is_finished(image: &Ec2Image) -> bool {
    image.state == "available"
        && image.is_imds_v2
        && image.deprecated.is_some()
        && !image.tag_value(tags::SOURCE_AMI).is_empty()
}

fn has_reports(reports: &Path) -> bool {
    let verify = fs::read(reports.join(VERIFY)).unwrap_or_default();
    let verify = serde_json::from_slice::<VerifyReport>(&verify);
    verify.is_ok_and(|report| report.problem().is_none()) && reports.join(SBOM).is_file()
}
