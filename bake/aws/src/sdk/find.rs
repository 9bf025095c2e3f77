//! Images of a fleet, by their tags.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{EbsBlockDevice, Image};

use super::account::filter;
use super::clients::AwsClients;
use super::refusal::refusal;
use crate::error::AwsError;
use crate::tags;

/// An image and what its tags say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ec2Image {
    pub region: String,
    pub ami: String,
    pub name: String,
    /// Such as `available`.
    pub state: String,
    pub architecture: String,
    /// As EC2 writes it: RFC 3339.
    pub created: String,
    pub deprecated: Option<String>,
    pub is_public: bool,
    /// Whether every volume of it is encrypted.
    pub is_encrypted: bool,
    /// Whether an instance of it takes only IMDSv2, whatever its launch template says.
    pub is_imds_v2: bool,
    pub snapshots: Vec<String>,
    /// The sizes of its volumes, in GiB.
    pub gigabytes: i64,
    /// The image that it is a copy of, where it is one.
    pub source: Option<String>,
    pub tags: BTreeMap<String, String>,
}

impl Ec2Image {
    /// A tag's value.
    #[must_use]
    pub fn tag_value(&self, key: &str) -> &str {
        self.tags.get(key).map_or("", String::as_str)
    }

    /// Whether it is there and whole.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.state == "available" && tags::is_whole(self.tag_value(tags::STATUS))
    }

    /// Whether it is a copy with which EC2 has only begun: the snapshot behind it is not named yet, and who deregistered it now
    /// would leave that one.
    #[must_use]
    pub fn hides_its_snapshots(&self) -> bool {
        self.state == "pending" && self.snapshots.is_empty()
    }

    pub(super) fn of(region: &str, image: &Image) -> Self {
        let volumes = || {
            image
                .block_device_mappings()
                .iter()
                .filter_map(|it| it.ebs())
        };
        let tags = image
            .tags()
            .iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
        let mut snapshots: Vec<String> = volumes()
            .filter_map(|it| it.snapshot_id())
            .map(str::to_owned)
            .collect();
        snapshots.sort_unstable();
        Self {
            region: region.to_owned(),
            ami: image.image_id().unwrap_or_default().to_owned(),
            name: image.name().unwrap_or_default().to_owned(),
            state: image
                .state()
                .map_or("", aws_sdk_ec2::types::ImageState::as_str)
                .to_owned(),
            architecture: image
                .architecture()
                .map_or("", aws_sdk_ec2::types::ArchitectureValues::as_str)
                .to_owned(),
            created: image.creation_date().unwrap_or_default().to_owned(),
            deprecated: image.deprecation_time().map(str::to_owned),
            is_public: image.public().unwrap_or(true),
            is_encrypted: volumes().next().is_some()
                && volumes().all(|it| it.encrypted() == Some(true)),
            is_imds_v2: image.imds_support().is_some(),
            gigabytes: volumes()
                .filter_map(EbsBlockDevice::volume_size)
                .map(i64::from)
                .sum(),
            snapshots,
            source: image.source_image_id().map(str::to_owned),
            tags: tags.collect(),
        }
    }
}

/// Every image of an environment in a region, newest first, deprecated and disabled ones too.
///
/// # Errors
/// When AWS refuses the call.
pub async fn images_of(
    account: &AwsClients,
    region: &str,
    fleet: &str,
    environment: &str,
) -> Result<Vec<Ec2Image>, AwsError> {
    let with = [("tag:Fleet", fleet), ("tag:Environment", environment)];
    images_with(account, region, &with).await
}

/// Every image with these filters, newest first.
pub async fn images_with(
    account: &AwsClients,
    region: &str,
    filters: &[(&str, &str)],
) -> Result<Vec<Ec2Image>, AwsError> {
    let ec2 = account.ec2(region);
    let mut images = Vec::new();
    let mut token = None;
    loop {
        let mut call = ec2
            .describe_images()
            .owners("self")
            .include_deprecated(true)
            .include_disabled(true)
            .max_results(500)
            .set_next_token(token);
        for (name, value) in filters {
            call = call.filters(filter(name, value));
        }
        let page = call
            .send()
            .await
            .map_err(|error| refusal("ec2:DescribeImages", &error))?;
        images.extend(
            page.images()
                .iter()
                .map(|image| Ec2Image::of(region, image)),
        );
        token = page
            .next_token()
            .filter(|token| !token.is_empty())
            .map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    // Dates of one form: their order is that of their texts.
    images.sort_by(|one, other| (&other.created, &other.ami).cmp(&(&one.created, &one.ami)));
    Ok(images)
}

/// One image, by its id. `None` where there is none.
pub async fn image(
    account: &AwsClients,
    region: &str,
    ami: &str,
) -> Result<Option<Ec2Image>, AwsError> {
    let call = account
        .ec2(region)
        .describe_images()
        .image_ids(ami)
        .include_disabled(true);
    match call.send().await {
        Ok(answer) => Ok(answer
            .images()
            .first()
            .map(|image| Ec2Image::of(region, image))),
        Err(error) if super::refusal::is_missing(&error) => Ok(None),
        Err(error) => Err(refusal("ec2:DescribeImages", &error)),
    }
}
