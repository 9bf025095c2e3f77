//! What bakes left behind, looked for in every region by tag, by name and by source image, and removed.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::clients::{AwsClients, connect};
use super::delete::{delete_image, delete_snapshot};
use super::find::{Ec2Image, images_with};
use super::gc::unsafe_to_go_on;
use super::image_builder::builds;
use super::recipes::recipes_named;
use super::references::{References, in_region, of_images};
use super::refusal::{is_missing, refusal};
use super::tagged::{hosts, is_of, key_pairs, snapshots, volumes};
use super::unfinished::has_ended;
use crate::error::{AwsError, ErrorKind};
use crate::leftovers::{FoundBy, Leftover, LeftoverKind, SweepDecision, decide};
use crate::progress::ProgressEvent;
use crate::retention::Verdict;
use crate::tags;

/// Whose leftovers, and what names images outside of AWS.
#[derive(Clone, Copy, Debug)]
pub struct SweepRequest<'s> {
    /// `<fleet>-<environment>`.
    pub prefix: &'s str,
    /// The name of its resources of Image Builder.
    pub image_builder_name: &'s str,
    /// What the names of its images begin with.
    pub image_name: &'s str,
    pub region: &'s str,
    /// The SSM parameters of every environment.
    pub parameters: &'s [String],
    /// Images that `images.lock` names, and where.
    pub locked: &'s [(String, String)],
}

/// What may go, and what may not and why.
///
/// # Errors
/// When a single question has no whole answer: nothing may be removed then.
pub async fn plan_sweep(request: SweepRequest<'_>) -> Result<Vec<SweepDecision>, AwsError> {
    let account = connect(request.region).await.map_err(unsafe_to_go_on)?;
    planned(&account, request).await
}

async fn planned(
    account: &AwsClients,
    request: SweepRequest<'_>,
) -> Result<Vec<SweepDecision>, AwsError> {
    let found = found(account, request).await.map_err(unsafe_to_go_on)?;
    let under_way = under_way(account, request).await.map_err(unsafe_to_go_on)?;
    Ok(decide(&found, &under_way, Timestamp::now()))
}

/// Ids of the bakes that Image Builder works at.
async fn under_way(
    account: &AwsClients,
    request: SweepRequest<'_>,
) -> Result<BTreeSet<String>, AwsError> {
    let mut ids = BTreeSet::new();
    for recipe in recipes_named(account, request.image_builder_name).await? {
        let builds = builds(&account.image_builder(), &recipe.image_version_arn()).await?;
        if builds.iter().any(|build| !has_ended(&build.status)) {
            ids.insert(recipe.bake_id);
        }
    }
    Ok(ids)
}

/// Every region that the account has switched on.
async fn regions(account: &AwsClients) -> Result<Vec<String>, AwsError> {
    let answer = account.ec2(&account.region).describe_regions().send().await;
    let answer = answer.map_err(|error| refusal("ec2:DescribeRegions", &error))?;
    let names = answer
        .regions()
        .iter()
        .filter_map(|region| region.region_name());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort_unstable();
    Ok(names)
}

async fn found(account: &AwsClients, request: SweepRequest<'_>) -> Result<Vec<Leftover>, AwsError> {
    let mut found = Vec::new();
    let mut images: Vec<(Ec2Image, FoundBy)> = Vec::new();
    let all = regions(account).await?;
    let mut others: Vec<Ec2Image> = Vec::new();
    for region in &all {
        for image in images_with(account, region, &[]).await? {
            if is_of(image.tag_value(tags::BAKE_ID), request.prefix) {
                images.push((image, FoundBy::Tag));
            } else if image.tag_value(tags::BAKE_ID).is_empty()
                && image.name.starts_with(request.image_name)
            {
                images.push((image, FoundBy::Name));
            } else {
                others.push(image);
            }
        }
        hosts(account, region, request.prefix, &mut found).await?;
        volumes(account, region, request.prefix, &mut found).await?;
        key_pairs(account, region, request.prefix, &mut found).await?;
    }
    let own: BTreeSet<String> = images.iter().map(|(image, _)| image.ami.clone()).collect();
    let copies = others.into_iter().filter(|image| {
        image.tag_value(tags::BAKE_ID).is_empty()
            && image
                .source
                .as_ref()
                .is_some_and(|source| own.contains(source))
    });
    images.extend(copies.map(|image| (image, FoundBy::Source)));
    for region in &all {
        let here: Vec<&(Ec2Image, FoundBy)> = images
            .iter()
            .filter(|(image, _)| image.region == *region)
            .collect();
        snapshots(account, region, request.prefix, &here, &mut found).await?;
        if here.is_empty() {
            continue;
        }
        let mut references = References::default();
        for (ami, place) in request.locked {
            references.add(ami, place);
        }
        in_region(account, region, request.parameters, &mut references).await?;
        let amis: Vec<String> = here.iter().map(|(image, _)| image.ami.clone()).collect();
        of_images(account, region, &amis, &mut references).await?;
        for (image, found_by) in here {
            found.push(Leftover {
                region: region.clone(),
                kind: LeftoverKind::Image,
                id: image.ami.clone(),
                name: image.name.clone(),
                found_by: *found_by,
                created: image.created.parse().ok(),
                bake_id: image.tag_value(tags::BAKE_ID).to_owned(),
                status: image.tag_value(tags::STATUS).to_owned(),
                references: references.of(&image.ami),
                snapshots: image.snapshots.clone(),
            });
        }
    }
    Ok(found)
}

/// Removes what a plan says, after everything was asked again. What it returns is gone.
///
/// # Errors
/// When something of the plan may not go any more: nothing is removed then. Or when something could not be removed.
pub async fn apply_sweep(
    request: SweepRequest<'_>,
    plan: &[SweepDecision],
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<Vec<SweepDecision>, AwsError> {
    let account = connect(request.region).await.map_err(unsafe_to_go_on)?;
    let now = planned(&account, request).await?;
    let mut going: Vec<&SweepDecision> = Vec::new();
    for wanted in plan.iter().filter(|it| it.verdict == Verdict::Delete) {
        let again = now
            .iter()
            .find(|it| (it.kind, &it.id, &it.region) == (wanted.kind, &wanted.id, &wanted.region));
        match again {
            // It went by itself.
            None => {}
            Some(again)
                if again.verdict == Verdict::Delete && again.snapshots == wanted.snapshots =>
            {
                going.push(again);
            }
            Some(again) => {
                return Err(AwsError::new(
                    ErrorKind::Unsafe,
                    format!(
                        "{} {} in {}",
                        wanted.kind.as_str(),
                        wanted.id,
                        wanted.region
                    ),
                    format!(
                        "the plan says to remove it, and now: {}. Nothing was removed",
                        again.reason
                    ),
                    "make a new plan with `valet-gen bake sweep --plan FILE`",
                ));
            }
        }
    }
    going.sort_by_key(|it| it.kind);
    let mut failed = None;
    for swept in &going {
        match remove(&account, swept).await {
            Ok(()) => tell(ProgressEvent::Done {
                what: swept.region.clone(),
                detail: format!("{} {} removed", swept.kind.as_str(), swept.id),
            }),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        None => Ok(going.into_iter().cloned().collect()),
        Some(error) => Err(AwsError {
            kind: ErrorKind::Leftovers,
            help: format!(
                "{}; what is gone is gone, and the same command goes on with the rest",
                error.help
            ),
            ..error
        }),
    }
}

async fn remove(account: &AwsClients, swept: &SweepDecision) -> Result<(), AwsError> {
    let SweepDecision { region, id, .. } = swept;
    let ec2 = account.ec2(region);
    macro_rules! sent {
        ($call:literal, $sent:expr) => {
            match $sent.send().await {
                Ok(_) => Ok(()),
                Err(error) if is_missing(&error) => Ok(()),
                Err(error) => Err(refusal($call, &error)),
            }
        };
    }
    match swept.kind {
        LeftoverKind::Instance => sent!(
            "ec2:TerminateInstances",
            ec2.terminate_instances().instance_ids(id)
        ),
        LeftoverKind::Volume => sent!("ec2:DeleteVolume", ec2.delete_volume().volume_id(id)),
        LeftoverKind::KeyPair => sent!(
            "ec2:DeleteKeyPair",
            ec2.delete_key_pair().key_name(&swept.name)
        ),
        LeftoverKind::Snapshot => delete_snapshot(account, region, id).await,
        LeftoverKind::Image => match super::find::image(account, region, id).await? {
            Some(image) => delete_image(account, &image).await,
            None => Ok(()),
        },
    }
}
