//! What Packer, or what verified its image, left behind: everything with the bake's tag.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_ec2::types::{Instance, InstanceStateName, Reservation};

use crate::bake_id::BakeId;
use crate::error::{AwsError, ErrorKind};
use crate::progress::ProgressEvent;
use crate::sdk::account::filter;
use crate::sdk::clients::AwsClients;
use crate::sdk::delete::{delete_image, delete_snapshot};
use crate::sdk::find::{Ec2Image, images_with};
use crate::sdk::finish::tag_resources;
use crate::sdk::refusal::{code, is_missing, refusal};
use crate::tags;

/// How many looks in a row have to find nothing: a call that was under way when Packer was killed ends after it, and
/// one of EC2's servers knows of it before the next one does.
const EMPTY_LOOKS: u32 = 2;

/// How long it may take until nothing is left.
const TIMEOUT: Duration = Duration::from_mins(10);

/// Whose leftovers, and where.
#[derive(Clone, Copy)]
pub struct Scope<'s> {
    pub account: &'s AwsClients,
    pub region: &'s str,
    /// Every region that gets the image.
    pub regions: &'s [String],
    pub id: &'s BakeId,
    /// Between two looks.
    pub pause: Duration,
}

/// Removes all that has the bake's tag, and copies that have its image's name and no tag yet. The images of `keep`
/// stay, with their snapshots.
///
/// # Errors
/// When AWS refuses a call, or something is still there after ten minutes.
pub async fn remove_leftovers(
    scope: Scope<'_>,
    keep: &BTreeSet<String>,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<(), AwsError> {
    let began = Instant::now();
    let mut empty = 0;
    let mut names = BTreeSet::new();
    loop {
        let left = remove_once(scope, keep, &mut names, tell).await?;
        empty = if left.is_empty() { empty + 1 } else { 0 };
        if empty == EMPTY_LOOKS {
            return Ok(());
        }
        if began.elapsed() > TIMEOUT {
            let id = scope.id;
            return Err(AwsError::new(
                ErrorKind::Leftovers,
                left.join(", "),
                format!(
                    "it is still there {} minutes after it was removed",
                    TIMEOUT.as_secs() / 60
                ),
                format!("run `valet-gen bake abort {id}`"),
            ));
        }
        tokio::time::sleep(scope.pause).await;
    }
}

/// One look in every region. What it returns was there. The names of the bake's images are kept for the next look: a copy
/// that was under way has no tag, and may come when the image that it is of is gone.
async fn remove_once(
    scope: Scope<'_>,
    keep: &BTreeSet<String>,
    names: &mut BTreeSet<String>,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<Vec<String>, AwsError> {
    let mut left = terminate(scope).await?;
    left.extend(remove_host_resources(scope.account, scope.region, scope.id).await?);
    let tag = format!("tag:{}", tags::BAKE_ID);
    let with_tag = [(tag.as_str(), scope.id.as_str())];
    let mut by_region = Vec::new();
    for region in scope.regions {
        let images = images_with(scope.account, region, &with_tag).await?;
        names.extend(images.iter().map(|image| image.name.clone()));
        by_region.push((region, images));
    }
    for (region, mut images) in by_region {
        for name in &*names {
            let of_name = images_with(scope.account, region, &[("name", name)]).await?;
            // A name is anybody's to choose: what has another bake's tag is another bake's.
            images.extend(
                of_name
                    .into_iter()
                    .filter(|it| it.tag_value(tags::BAKE_ID).is_empty()),
            );
        }
        for copy in images
            .iter()
            .filter(|it| it.tag_value(tags::BAKE_ID).is_empty())
        {
            claim(scope, copy).await;
        }
        let (kept, gone): (Vec<Ec2Image>, Vec<Ec2Image>) = images
            .into_iter()
            .partition(|image| keep.contains(&image.ami));
        for image in &gone {
            if image.hides_its_snapshots() {
                tell(ProgressEvent::Shows(format!(
                    "waits for the snapshot behind {}",
                    image.ami
                )));
                left.push(image.ami.clone());
                continue;
            }
            delete_image(scope.account, image).await?;
            tell(removed(&image.ami));
            left.push(image.ami.clone());
        }
        let kept: BTreeSet<&String> = kept.iter().flat_map(|image| &image.snapshots).collect();
        for snapshot in snapshots(scope, region).await? {
            if !kept.contains(&snapshot) {
                delete_snapshot(scope.account, region, &snapshot).await?;
                left.push(snapshot);
            }
        }
    }
    for resource in left.iter().filter(|it| !it.starts_with("ami-")) {
        tell(removed(resource));
    }
    Ok(left)
}

/// Gives a copy, and its snapshots, the tag by which the role of a bake may remove them. Who may not tag it may still remove it,
/// and is told so if not.
async fn claim(scope: Scope<'_>, copy: &Ec2Image) {
    let with = [(tags::BAKE_ID, scope.id.to_string())];
    let all = [&copy.ami].into_iter().chain(&copy.snapshots);
    let _ = tag_resources(scope.account, &copy.region, all, &with).await;
}

fn removed(resource: &str) -> ProgressEvent {
    ProgressEvent::Done {
        what: "removed".to_owned(),
        detail: resource.to_owned(),
    }
}

async fn snapshots(scope: Scope<'_>, region: &str) -> Result<Vec<String>, AwsError> {
    let tag = filter(&format!("tag:{}", tags::BAKE_ID), scope.id.as_str());
    let call = scope.account.ec2(region).describe_snapshots();
    let answer = call.owner_ids("self").filters(tag).send().await;
    let answer = answer.map_err(|error| refusal("ec2:DescribeSnapshots", &error))?;
    let snapshots = answer.snapshots().iter();
    Ok(snapshots
        .filter_map(|it| it.snapshot_id().map(str::to_owned))
        .collect())
}

/// The instances of a bake that have not ended.
pub async fn instances(
    account: &AwsClients,
    region: &str,
    id: &BakeId,
) -> Result<Vec<Instance>, AwsError> {
    let tag = filter(&format!("tag:{}", tags::BAKE_ID), id.as_str());
    let mut pages = account
        .ec2(region)
        .describe_instances()
        .filters(tag)
        .into_paginator()
        .send();
    let mut instances = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refusal("ec2:DescribeInstances", &error))?;
        let reservations = page.reservations().iter();
        instances.extend(reservations.flat_map(Reservation::instances).cloned());
    }
    Ok(instances)
}

fn state(instance: &Instance) -> Option<&InstanceStateName> {
    instance.state().and_then(|state| state.name())
}

/// Terminates every instance of the bake. What it returns is not terminated yet.
async fn terminate(scope: Scope<'_>) -> Result<Vec<String>, AwsError> {
    let found = instances(scope.account, scope.region, scope.id).await?;
    let left: Vec<&Instance> = found
        .iter()
        .filter(|instance| state(instance) != Some(&InstanceStateName::Terminated))
        .collect();
    let id = |instance: &&Instance| instance.instance_id().map(str::to_owned);
    let running: Vec<String> = left
        .iter()
        .filter(|instance| state(instance) != Some(&InstanceStateName::ShuttingDown))
        .filter_map(&id)
        .collect();
    if !running.is_empty() {
        let call = scope.account.ec2(scope.region).terminate_instances();
        match call.set_instance_ids(Some(running)).send().await {
            Ok(_) => {}
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(refusal("ec2:TerminateInstances", &error)),
        }
    }
    Ok(left.iter().filter_map(id).collect())
}

/// Removes key pairs, and volumes that no instance uses.
///
/// # Errors
/// When AWS refuses a call.
async fn remove_host_resources(
    account: &AwsClients,
    region: &str,
    id: &BakeId,
) -> Result<Vec<String>, AwsError> {
    let ec2 = account.ec2(region);
    let tag = filter(&format!("tag:{}", tags::BAKE_ID), id.as_str());
    let mut removed = Vec::new();
    let answer = ec2.describe_key_pairs().filters(tag.clone()).send().await;
    let answer = answer.map_err(|error| refusal("ec2:DescribeKeyPairs", &error))?;
    for key in answer.key_pairs().iter().filter_map(|it| it.key_name()) {
        let sent = ec2.delete_key_pair().key_name(key).send().await;
        sent.map_err(|error| refusal("ec2:DeleteKeyPair", &error))?;
        removed.push(key.to_owned());
    }
    let answer = ec2.describe_volumes().filters(tag).send().await;
    let answer = answer.map_err(|error| refusal("ec2:DescribeVolumes", &error))?;
    let volumes = answer
        .volumes()
        .iter()
        .filter(|it| it.attachments().is_empty());
    for volume in volumes.filter_map(|it| it.volume_id()) {
        match ec2.delete_volume().volume_id(volume).send().await {
            Ok(_) => {}
            Err(error) if is_missing(&error) || code(&error) == Some("VolumeInUse") => {}
            Err(error) => return Err(refusal("ec2:DeleteVolume", &error)),
        }
        removed.push(volume.to_owned());
    }
    Ok(removed)
}
