//! What `promote` and `rollback` have done, as `--format json` prints it.

use serde::Serialize;
use valet_bake_aws::sdk::Ec2Image;

use crate::cli::print;

/// An environment launches other images, or will.
#[derive(Debug, Serialize)]
pub struct Promotion<'p> {
    pub environment: &'p str,
    /// What names the images.
    pub source: PromotionSource,
    pub images: Vec<PromotedImage<'p>>,
    /// What the parameter named before. `None` in a lock, and where it named the image already.
    pub before: Option<String>,
    /// The id of the refresh that has replaced the instances.
    pub refresh: Option<String>,
}

/// What says which images an environment launches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PromotionSource {
    Lock,
    Parameter,
}

/// An image in one region.
#[derive(Debug, Serialize)]
pub struct PromotedImage<'p> {
    region: &'p str,
    ami: &'p str,
    name: &'p str,
    bake_id: &'p str,
}

impl<'p> From<&'p Ec2Image> for PromotedImage<'p> {
    fn from(image: &'p Ec2Image) -> Self {
        Self {
            region: &image.region,
            ami: &image.ami,
            name: &image.name,
            bake_id: image.tag_value(valet_bake_aws::tags::BAKE_ID),
        }
    }
}

impl<'p> Promotion<'p> {
    /// By images.lock, which somebody has yet to merge and to apply.
    pub fn in_lock(environment: &'p str, images: &'p [Ec2Image]) -> Self {
        Self {
            environment,
            source: PromotionSource::Lock,
            images: images.iter().map(PromotedImage::from).collect(),
            before: None,
            refresh: None,
        }
    }

    pub fn print(&self) {
        print::line_to_stdout(serde_json::to_string_pretty(self).unwrap_or_default());
    }
}
