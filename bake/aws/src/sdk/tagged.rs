//! What has a bake's id besides images: hosts, volumes, key pairs and snapshots of a region.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Instance, InstanceStateName, Reservation, Tag};
use jiff::Timestamp;

use super::account::filter;
use super::clients::AwsClients;
use super::find::Ec2Image;
use super::refusal::refusal;
use crate::bake_id::BakeId;
use crate::error::AwsError;
use crate::leftovers::{FoundBy, Leftover, LeftoverKind};
use crate::tags;

/// Whether a tag is the id of a bake of this environment.
pub fn is_of(tag: &str, prefix: &str) -> bool {
    BakeId::parse(tag).is_some_and(|id| id.is_of(prefix))
}

/// Something with a bake's id and nothing that could use it.
fn tagged(
    region: &str,
    kind: LeftoverKind,
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

/// A date of the SDK.
pub fn moment(date: Option<&aws_smithy_types::DateTime>) -> Option<Timestamp> {
    Timestamp::from_second(date?.secs()).ok()
}

fn tag_value<'t>(tags: &'t [Tag], key: &str) -> Option<&'t str> {
    let tag = tags.iter().find(|tag| tag.key() == Some(key));
    tag.and_then(|tag| tag.value())
}

/// The id of the bake of this environment that made it.
fn bake_id<'t>(tags: &'t [Tag], prefix: &str) -> Option<&'t str> {
    tag_value(tags, tags::BAKE_ID).filter(|id| is_of(id, prefix))
}

fn has_ended(instance: &Instance) -> bool {
    let state = instance.state().and_then(|state| state.name());
    matches!(
        state,
        Some(InstanceStateName::Terminated | InstanceStateName::ShuttingDown)
    )
}

/// Instances with a bake's id that have not ended.
pub async fn hosts(
    account: &AwsClients,
    region: &str,
    prefix: &str,
    found: &mut Vec<Leftover>,
) -> Result<(), AwsError> {
    let all = account
        .ec2(region)
        .describe_instances()
        .filters(filter("tag-key", tags::BAKE_ID))
        .into_paginator()
        .items()
        .send();
    let reservations = all.try_collect().await;
    let reservations = reservations.map_err(|error| refusal("ec2:DescribeInstances", &error))?;
    let running = reservations
        .iter()
        .flat_map(Reservation::instances)
        .filter(|instance| !has_ended(instance));
    for instance in running {
        let (Some(id), Some(bake)) = (instance.instance_id(), bake_id(instance.tags(), prefix))
        else {
            continue;
        };
        let mut leftover = tagged(
            region,
            LeftoverKind::Instance,
            id,
            bake,
            moment(instance.launch_time()),
        );
        // A worker of the group carries its image's tags only where somebody copied them there.
        if tag_value(instance.tags(), "aws:autoscaling:groupName").is_some() {
            leftover.references.push("an Auto Scaling group".to_owned());
        }
        found.push(leftover);
    }
    Ok(())
}

/// Volumes with a bake's id.
pub async fn volumes(
    account: &AwsClients,
    region: &str,
    prefix: &str,
    found: &mut Vec<Leftover>,
) -> Result<(), AwsError> {
    let all = account
        .ec2(region)
        .describe_volumes()
        .filters(filter("tag-key", tags::BAKE_ID))
        .into_paginator()
        .items()
        .send();
    let volumes = all.try_collect().await;
    let volumes = volumes.map_err(|error| refusal("ec2:DescribeVolumes", &error))?;
    found.extend(volumes.iter().filter_map(|volume| {
        let bake = bake_id(volume.tags(), prefix)?;
        let created = moment(volume.create_time());
        let instances = volume.attachments().iter();
        let instances = instances.filter_map(|it| it.instance_id());
        Some(Leftover {
            references: instances
                .map(|instance| format!("instance {instance}"))
                .collect(),
            ..tagged(
                region,
                LeftoverKind::Volume,
                volume.volume_id()?,
                bake,
                created,
            )
        })
    }));
    Ok(())
}

/// Packer's key pairs have the bake's id in their names.
pub async fn key_pairs(
    account: &AwsClients,
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
        let mut leftover = tagged(
            region,
            LeftoverKind::KeyPair,
            id,
            bake,
            moment(pair.create_time()),
        );
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
    account: &AwsClients,
    region: &str,
    prefix: &str,
    images: &[&(Ec2Image, FoundBy)],
    found: &mut Vec<Leftover>,
) -> Result<(), AwsError> {
    let of_images: BTreeSet<&str> = images
        .iter()
        .flat_map(|(image, _)| &image.snapshots)
        .map(String::as_str)
        .collect();
    let all = account
        .ec2(region)
        .describe_snapshots()
        .owner_ids("self")
        .filters(filter("tag-key", tags::BAKE_ID))
        .into_paginator()
        .items()
        .send();
    let snapshots = all.try_collect().await;
    let snapshots = snapshots.map_err(|error| refusal("ec2:DescribeSnapshots", &error))?;
    found.extend(snapshots.iter().filter_map(|snapshot| {
        let bake = bake_id(snapshot.tags(), prefix)?;
        // An image's snapshots go with it, or stay with it.
        let id = snapshot
            .snapshot_id()
            .filter(|id| !of_images.contains(id))?;
        let created = moment(snapshot.start_time());
        Some(tagged(region, LeftoverKind::Snapshot, id, bake, created))
    }));
    Ok(())
}
