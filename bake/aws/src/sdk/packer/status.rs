//! Bakes with Packer that were begun: whatever has a bake's tag.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Reservation;

use crate::error::AwsError;
use crate::sdk::account::filter;
use crate::sdk::clients::AwsClients;
use crate::sdk::find::images_with;
use crate::sdk::refusal::refusal;
use crate::sdk::tagged::is_of;
use crate::sdk::unfinished::BakeQuery;
use crate::tags;

/// What is there of a bake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begun {
    pub source_ami: String,
    pub begun: String,
    pub is_running: bool,
    pub images: Vec<String>,
    /// Whether one of its images is whole.
    pub is_finished: bool,
}

/// The bakes of an environment that have left an image or a host, by their ids.
///
/// # Errors
/// When AWS refuses a call.
pub async fn begun(
    account: &AwsClients,
    whose: BakeQuery<'_>,
) -> Result<BTreeMap<String, Begun>, AwsError> {
    let mut bakes: BTreeMap<String, Begun> = BTreeMap::new();
    let is_own = |id: &str| is_of(id, whose.prefix);
    for region in whose.regions {
        for image in images_with(account, region, &[("tag-key", tags::BAKE_ID)]).await? {
            let id = image.tag_value(tags::BAKE_ID).to_owned();
            if !is_own(&id) {
                continue;
            }
            let bake = bakes.entry(id).or_default();
            bake.is_finished |= image.is_usable();
            image
                .tag_value(tags::SOURCE_AMI)
                .clone_into(&mut bake.source_ami);
            bake.begun = image.created;
            bake.images.push(image.ami);
        }
    }
    let mut pages = account
        .ec2(whose.region)
        .describe_instances()
        .filters(filter("tag-key", tags::BAKE_ID))
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refusal("ec2:DescribeInstances", &error))?;
        for instance in page.reservations().iter().flat_map(Reservation::instances) {
            let tag = |key: &str| {
                let found = instance.tags().iter().find(|tag| tag.key() == Some(key));
                found.and_then(|tag| tag.value()).unwrap_or_default()
            };
            let state = instance.state().and_then(|state| state.name());
            let has_ended =
                state.is_some_and(|state| matches!(state.as_str(), "terminated" | "shutting-down"));
            let id = tag(tags::BAKE_ID);
            if has_ended || !is_own(id) {
                continue;
            }
            let bake = bakes.entry(id.to_owned()).or_default();
            bake.is_running = true;
            if bake.source_ami.is_empty() {
                instance
                    .image_id()
                    .unwrap_or_default()
                    .clone_into(&mut bake.source_ami);
            }
            if let Some(at) = instance.launch_time() {
                bake.begun = at.to_string();
            }
        }
    }
    Ok(bakes)
}
