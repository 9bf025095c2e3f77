//! What has a bake's id besides images: hosts, volumes, key pairs and snapshots of a region.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::InstanceStateName;
use jiff::Timestamp;

use super::account::filter;
use super::clients::Account;
use super::find::FoundImage;
use super::refusal::refusal;
use crate::error::AwsError;
use crate::leftovers::{FoundBy, Kind, Leftover};
use crate::tags;

/// Whether a bake of this environment has the id: it begins with the prefix and ends with a digest.
pub fn is_of(id: &str, prefix: &str) -> bool {
    let rest = id
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('-'));
    let digest = rest.and_then(|rest| {
        ["x86_64-", "arm64-"]
            .iter()
            .find_map(|architecture| rest.strip_prefix(architecture))
    });
    digest
        .is_some_and(|digest| digest.len() == 16 && digest.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// Something with a bake's id and nothing that could use it.
fn tagged(
    region: &str,
    kind: Kind,
    id: &str,
    bake_id: &str,
    created: Option<Timestamp>,
) -> Leftover {
    Leftover {
        region: region.to_owned(),
        kind,
        id: id.to_owned(),
        name: String::new(),
        found_by: FoundBy::Tag,
        created,
        bake_id: bake_id.to_owned(),
        status: String::new(),
        references: Vec::new(),
        snapshots: Vec::new(),
    }
}

fn moment(date: Option<&aws_smithy_types::DateTime>) -> Option<Timestamp> {
    Timestamp::from_second(date?.secs()).ok()
}

fn bake_id<'t>(tags: &'t [aws_sdk_ec2::types::Tag], prefix: &str) -> Option<&'t str> {
    let tag = tags.iter().find(|tag| tag.key() == Some(tags::BAKE_ID));
    tag.and_then(|tag| tag.value())
        .filter(|id| is_of(id, prefix))
}

/// Instances with a bake's id that have not ended.
pub async fn hosts(
    account: &Account,
    region: &str,
    prefix: &str,
    found: &mut Vec<Leftover>,
) -> Result<(), AwsError> {
    let mut pages = account
        .ec2(region)
        .describe_instances()
        .filters(filter("tag-key", tags::BAKE_ID))
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refusal("ec2:DescribeInstances", &error))?;
        for instance in page.reservations().iter().flat_map(|it| it.instances()) {
            let state = instance.state().and_then(|state| state.name());
            if matches!(
                state,
                Some(InstanceStateName::Terminated | InstanceStateName::ShuttingDown)
            ) {
                continue;
            }
            let (Some(id), Some(bake)) = (instance.instance_id(), bake_id(instance.tags(), prefix))
            else {
                continue;
            };
            // A worker of the group carries its image's tags only where somebody copied them there.
            let of_group = instance
                .tags()
                .iter()
                .any(|tag| tag.key() == Some("aws:autoscaling:groupName"));
            let mut leftover = tagged(
                region,
                Kind::Instance,
                id,
                bake,
                moment(instance.launch_time()),
            );
            if of_group {
                leftover.references.push("an Auto Scaling group".to_owned());
            }
            found.push(leftover);
        }
    }
    Ok(())
}

/// Volumes with a bake's id.
pub async fn volumes(
    account: &Account,
    region: &str,
    prefix: &str,
    found: &mut Vec<Leftover>,
) -> Result<(), AwsError> {
    let mut pages = account
        .ec2(region)
        .describe_volumes()
        .filters(filter("tag-key", tags::BAKE_ID))
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refusal("ec2:DescribeVolumes", &error))?;
        for volume in page.volumes() {
            let (Some(id), Some(bake)) = (volume.volume_id(), bake_id(volume.tags(), prefix))
            else {
                continue;
            };
            let mut leftover = tagged(region, Kind::Volume, id, bake, moment(volume.create_time()));
            let instances = volume
                .attachments()
                .iter()
                .filter_map(|it| it.instance_id());
            leftover
                .references
                .extend(instances.map(|instance| format!("instance {instance}")));
            found.push(leftover);
        }
    }
    Ok(())
}

/// Packer's key pairs have the bake's id in their names.
pub async fn key_pairs(
    account: &Account,
    region: &str,
    prefix: &str,
    found: &mut Vec<Leftover>,
) -> Result<(), AwsError> {
    let answer = account.ec2(region).describe_key_pairs().send().await;
    let answer = answer.map_err(|error| refusal("ec2:DescribeKeyPairs", &error))?;
    for pair in answer.key_pairs() {
        let (Some(id), Some(name)) = (pair.key_pair_id(), pair.key_name()) else {
            continue;
        };
        let of_tag = bake_id(pair.tags(), prefix);
        let of_name = name.strip_prefix("valet-").filter(|id| is_of(id, prefix));
        let Some(bake) = of_tag.or(of_name) else {
            continue;
        };
        let mut leftover = tagged(region, Kind::KeyPair, id, bake, moment(pair.create_time()));
        leftover.name = name.to_owned();
        if of_tag.is_none() {
            leftover.found_by = FoundBy::Name;
        }
        found.push(leftover);
    }
    Ok(())
}

/// Snapshots with a bake's id that are no found image's.
pub async fn snapshots(
    account: &Account,
    region: &str,
    prefix: &str,
    images: &[&(FoundImage, FoundBy)],
    found: &mut Vec<Leftover>,
) -> Result<(), AwsError> {
    let of_images: BTreeSet<&str> = images
        .iter()
        .flat_map(|(image, _)| &image.snapshots)
        .map(String::as_str)
        .collect();
    let mut pages = account
        .ec2(region)
        .describe_snapshots()
        .owner_ids("self")
        .filters(filter("tag-key", tags::BAKE_ID))
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refusal("ec2:DescribeSnapshots", &error))?;
        for snapshot in page.snapshots() {
            let (Some(id), Some(bake)) = (snapshot.snapshot_id(), bake_id(snapshot.tags(), prefix))
            else {
                continue;
            };
            // An image's snapshots go with it, or stay with it.
            if !of_images.contains(id) {
                found.push(tagged(
                    region,
                    Kind::Snapshot,
                    id,
                    bake,
                    moment(snapshot.start_time()),
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_belongs_to_one_environment() {
        assert!(is_of(
            "valet-production-x86_64-0123456789abcdef",
            "valet-production"
        ));
        for id in [
            "",
            "valet-production-x86_64-0123",
            "valet-production-eu-x86_64-0123456789abcdef",
            "other-production-x86_64-0123456789abcdef",
        ] {
            assert!(!is_of(id, "valet-production"), "{id}");
        }
    }
}
