//! The images of an environment: listed, and deleted where nothing needs them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::clients::{AwsClients, connect};
use super::delete::delete_image;
use super::find::{Ec2Image, images_of};
use super::promote::PromotionTarget;
use super::references::{References, in_region, of_images};
use crate::error::{AwsError, ErrorKind};
use crate::progress::ProgressEvent;
use crate::retention::{Candidate, GcDecision, Verdict, decide};
use crate::tags;

/// What is kept, and what names images outside of AWS.
#[derive(Clone, Copy, Debug)]
pub struct GcRequest<'k> {
    pub target: PromotionTarget<'k>,
    /// Whole images kept in each region besides those in use.
    pub count: u32,
    /// The SSM parameters of every environment.
    pub parameters: &'k [String],
    /// Images that `images.lock` names, and where.
    pub locked: &'k [(String, String)],
}

/// An image in a list.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ListedImage {
    pub region: String,
    pub ami: String,
    pub name: String,
    pub created: String,
    pub status: String,
    pub bake_id: String,
    /// What uses it, in words.
    pub used_by: Vec<String>,
    /// The most that its snapshots cost in a month.
    pub dollars_a_month: f64,
}

/// Every image of the environment, newest first, with what uses it.
///
/// # Errors
/// When AWS refuses a call.
pub async fn list_images(request: GcRequest<'_>) -> Result<Vec<ListedImage>, AwsError> {
    let account = connect(request.target.region).await?;
    let mut listed = Vec::new();
    for (region, (images, references)) in known(&account, request).await? {
        listed.extend(images.into_iter().map(|image| ListedImage {
            region: region.clone(),
            used_by: references.of(&image.ami),
            status: image.tag_value(tags::STATUS).to_owned(),
            bake_id: image.tag_value(tags::BAKE_ID).to_owned(),
            dollars_a_month: crate::retention::dollars(image.gigabytes),
            ami: image.ami,
            name: image.name,
            created: image.created,
        }));
    }
    Ok(listed)
}

/// Which images may go. Everything that could use one was asked.
///
/// # Errors
/// When a single question has no whole answer: nothing may be deleted then.
pub async fn plan_gc(request: GcRequest<'_>) -> Result<Vec<GcDecision>, AwsError> {
    let account = connect(request.target.region)
        .await
        .map_err(unsafe_to_go_on)?;
    Ok(planned(&account, request).await?.0)
}

/// What is planned, and the images that it is planned for.
async fn planned(
    account: &AwsClients,
    request: GcRequest<'_>,
) -> Result<(Vec<GcDecision>, Known), AwsError> {
    let now = Timestamp::now();
    let mut known = known(account, request).await.map_err(unsafe_to_go_on)?;
    // What EC2 is asked about single images is asked of those that would go, and of those in whose place they would: until
    // no answer changes which ones these are.
    let mut asked: BTreeSet<(String, String)> = BTreeSet::new();
    loop {
        let mut candidates = Vec::new();
        for (images, references) in known.values() {
            for image in images {
                candidates.push(candidate(image, references.of(&image.ami))?);
            }
        }
        let planned = decide(&candidates, request.count, now);
        let mut changed = false;
        for (region, (_, references)) in &mut known {
            let matter = planned
                .iter()
                .filter(|it| it.verdict == Verdict::Delete || it.is_one_of_the_newest)
                .filter(|it| it.region == *region);
            let amis: Vec<String> = matter
                .filter(|it| asked.insert((it.region.clone(), it.ami.clone())))
                .map(|it| it.ami.clone())
                .collect();
            if amis.is_empty() {
                continue;
            }
            of_images(account, region, &amis, references)
                .await
                .map_err(unsafe_to_go_on)?;
            changed |= amis.iter().any(|ami| !references.of(ami).is_empty());
        }
        if !changed {
            return Ok((planned, known));
        }
    }
}

type Known = BTreeMap<String, (Vec<Ec2Image>, References)>;

async fn known(account: &AwsClients, request: GcRequest<'_>) -> Result<Known, AwsError> {
    let mut known = Known::new();
    for region in request.target.regions {
        let images = images_of(
            account,
            region,
            request.target.fleet,
            request.target.environment,
        )
        .await?;
        let mut references = References::default();
        for (ami, place) in request.locked {
            references.add(ami, place);
        }
        in_region(account, region, request.parameters, &mut references).await?;
        known.insert(region.clone(), (images, references));
    }
    Ok(known)
}

fn candidate(image: &Ec2Image, references: Vec<String>) -> Result<Candidate, AwsError> {
    let created = image.created.parse().map_err(|error| {
        let problem = format!("its creation date {} is not valid: {error}", image.created);
        AwsError::new(
            ErrorKind::Unsafe,
            &image.ami,
            problem,
            "report it; nothing was deleted",
        )
    })?;
    Ok(Candidate {
        region: image.region.clone(),
        ami: image.ami.clone(),
        name: image.name.clone(),
        created,
        status: image.tag_value(tags::STATUS).to_owned(),
        snapshots: image.snapshots.clone(),
        gigabytes: image.gigabytes,
        references,
    })
}

pub(super) fn unsafe_to_go_on(error: AwsError) -> AwsError {
    AwsError {
        kind: ErrorKind::Unsafe,
        problem: format!(
            "{}; what cannot be asked counts as used, so nothing is deleted",
            error.problem
        ),
        ..error
    }
}

/// Deletes what a plan says, after everything was asked again. What it returns is gone.
///
/// # Errors
/// When an image of the plan may not go any more: nothing is deleted then. Or when one could not be deleted.
pub async fn apply_gc(
    request: GcRequest<'_>,
    plan: &[GcDecision],
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<Vec<GcDecision>, AwsError> {
    let account = connect(request.target.region)
        .await
        .map_err(unsafe_to_go_on)?;
    let (now, known) = planned(&account, request).await?;
    let mut going = Vec::new();
    for wanted in plan.iter().filter(|it| it.verdict == Verdict::Delete) {
        let images = known
            .get(&wanted.region)
            .map(|(images, _)| images.as_slice())
            .unwrap_or_default();
        let Some(image) = images.iter().find(|image| image.ami == wanted.ami) else {
            continue;
        };
        let again = now
            .iter()
            .find(|it| it.ami == wanted.ami && it.region == wanted.region);
        match again {
            Some(again)
                if again.verdict == Verdict::Delete && again.snapshots == wanted.snapshots =>
            {
                going.push((image, again.clone()));
            }
            _ => {
                let reason = again.map_or("it is not an image of this environment", |it| {
                    it.reason.as_str()
                });
                return Err(AwsError::new(
                    ErrorKind::Unsafe,
                    format!("{} in {}", wanted.ami, wanted.region),
                    format!("the plan says to delete it, and now: {reason}. Nothing was deleted"),
                    "make a new plan with `valet-gen bake gc --plan FILE`",
                ));
            }
        }
    }
    let mut failed = Vec::new();
    let mut gone = Vec::new();
    for (image, decision) in going {
        match delete_image(&account, image).await {
            Ok(()) => {
                tell(ProgressEvent::Done {
                    what: image.region.clone(),
                    detail: format!(
                        "{} deregistered, with {} snapshots",
                        image.ami,
                        image.snapshots.len()
                    ),
                });
                gone.push(decision);
            }
            Err(error) => failed.push(error),
        }
    }
    match failed.into_iter().next() {
        None => Ok(gone),
        Some(error) => Err(AwsError {
            kind: ErrorKind::Leftovers,
            help: format!(
                "{}; what is gone is gone, the same command goes on with the rest, and `valet-gen bake sweep` finds snapshots that are left",
                error.help
            ),
            ..error
        }),
    }
}
