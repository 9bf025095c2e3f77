//! Bakes that were begun and not finished: which there are, and their end.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use aws_sdk_imagebuilder::types::ImageStatus;

use super::clients::{AwsClients, connect};
use super::find::{Ec2Image, images_with};
use super::image_builder::{Build, builds};
use super::packer;
use super::recipes::recipes_named;
use super::records::{delete_configurations, delete_objects, delete_records};
use super::refusal::{is_missing, refusal};
use super::resume::{other_journal, starts};
use crate::bake_id::BakeId;
use crate::error::{AwsError, ErrorKind};
use crate::journal::Start;
use crate::progress::ProgressEvent;
use crate::tags;

/// Whose bakes.
#[derive(Clone, Copy, Debug)]
pub struct BakeQuery<'w> {
    /// `<fleet>-<environment>`.
    pub prefix: &'w str,
    /// The name of its resources of Image Builder.
    pub image_builder_name: &'w str,
    pub region: &'w str,
    /// Every region that gets the image.
    pub regions: &'w [String],
    /// The folder of the journals.
    pub journals: &'w Path,
}

/// A bake that was begun.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct UnfinishedBake {
    pub bake_id: String,
    pub source_ami: String,
    pub begun: String,
    /// Of its last build in Image Builder, `not started` where there is none; with Packer `running` where its host
    /// does, and `left` otherwise.
    pub state: String,
    /// The images that it has left, in every region.
    pub images: Vec<String>,
}

/// The bakes of an environment that have no verified image.
///
/// # Errors
/// When AWS refuses a call.
pub async fn status(whose: BakeQuery<'_>) -> Result<Vec<UnfinishedBake>, AwsError> {
    let account = connect(whose.region).await?;
    let mut unfinished = Vec::new();
    let recipes = recipes_named(&account, whose.image_builder_name).await?;
    for (bake_id, begun) in packer::begun(&account, whose).await? {
        let packer::Begun {
            source_ami,
            begun,
            is_running,
            images,
            is_finished,
        } = begun;
        if is_finished || recipes.iter().any(|recipe| recipe.bake_id == bake_id) {
            continue;
        }
        let state = if is_running { "running" } else { "left" };
        unfinished.push(UnfinishedBake {
            bake_id,
            source_ami,
            begun,
            state: state.to_owned(),
            images,
        });
    }
    for recipe in recipes {
        let images = images_of_bake(&account, whose, &recipe.bake_id).await?;
        if images.iter().any(Ec2Image::is_usable) {
            continue;
        }
        let builds = builds(&account.image_builder(), &recipe.image_version_arn()).await?;
        let state = builds
            .first()
            .map_or("not started", |build| build.status.as_str());
        unfinished.push(UnfinishedBake {
            bake_id: recipe.bake_id,
            source_ami: recipe.source_ami,
            begun: recipe.created,
            state: state.to_lowercase(),
            images: images.into_iter().map(|image| image.ami).collect(),
        });
    }
    Ok(unfinished)
}

async fn images_of_bake(
    account: &AwsClients,
    whose: BakeQuery<'_>,
    id: &str,
) -> Result<Vec<Ec2Image>, AwsError> {
    let tag = format!("tag:{}", tags::BAKE_ID);
    let mut images = Vec::new();
    for region in whose.regions {
        images.extend(images_with(account, region, &[(&tag, id)]).await?);
    }
    Ok(images)
}

/// Between two looks at what is left.
const LEFTOVERS_PAUSE: Duration = Duration::from_secs(2);

/// How long a build may take to be cancelled, in looks at it.
const CANCEL_LOOKS: u32 = 60;

/// Ends a bake and removes all that it made. What is verified or promoted stays: `gc` decides about that.
///
/// # Errors
/// When the bake has a whole image, AWS refuses a call, or something stays.
pub async fn abort(
    whose: BakeQuery<'_>,
    id: &BakeId,
    poll: Duration,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<(), AwsError> {
    let journalled = starts(whose.journals, id)?;
    if let Some(start) = journalled
        .iter()
        .find(|it| format!("{}-{}", it.fleet, it.environment) != whose.prefix)
    {
        return Err(other_journal(id.as_str(), start));
    }
    let account = connect(whose.region).await?;
    let images = images_of_bake(&account, whose, id.as_str()).await?;
    if let Some(image) = images
        .iter()
        .find(|image| tags::is_whole(image.tag_value(tags::STATUS)))
    {
        return Err(AwsError::new(
            ErrorKind::Unsafe,
            id,
            format!(
                "it is finished: {} in {} is {}",
                image.ami,
                image.region,
                image.tag_value(tags::STATUS)
            ),
            "`valet-gen bake gc` removes images that nothing uses",
        ));
    }
    packer::end_run(whose.journals, id)?;
    let removed = remove_all(&account, whose, id, journalled, poll, tell).await;
    removed.map_err(|error| match error.kind {
        // Whoever refuses it, it is left.
        ErrorKind::Refused => AwsError {
            kind: ErrorKind::Leftovers,
            help: format!("{}; then run `valet-gen bake abort {id}` again", error.help),
            ..error
        },
        _ => error,
    })
}

/// Ends the builds of a bake, and removes what it made. `journalled` is what its runs began with, as far as this machine knows.
async fn remove_all(
    account: &AwsClients,
    whose: BakeQuery<'_>,
    id: &BakeId,
    journalled: Vec<Start>,
    poll: Duration,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<(), AwsError> {
    let recipes = recipes_named(account, whose.image_builder_name).await?;
    let (mine, others): (Vec<_>, Vec<_>) = recipes
        .into_iter()
        .partition(|recipe| recipe.bake_id == id.as_str());
    for recipe in &mine {
        let builds = builds(&account.image_builder(), &recipe.image_version_arn()).await?;
        for build in builds {
            end_build(account, id, &build, poll, tell).await?;
        }
    }
    // Looked for again and again: a build that ended meanwhile may have made one.
    let scope = packer::Scope {
        account,
        region: whose.region,
        regions: whose.regions,
        id,
        pause: poll.min(LEFTOVERS_PAUSE),
    };
    packer::remove_leftovers(scope, &BTreeSet::new(), tell).await?;
    for recipe in &mine {
        delete_records(account, recipe, tell).await?;
    }
    delete_configurations(account, id, tell).await?;
    // Before its recipe is made, the journal alone says which bundle is the bake's.
    let bundles = journalled.into_iter().map(|start| start.bundle_sha256);
    let bundles = bundles.chain(mine.into_iter().map(|recipe| recipe.bundle_sha256));
    delete_objects(account, whose.prefix, id, &bundles.collect(), &others).await
}

/// Whether a build goes on no more.
pub fn has_ended(status: &ImageStatus) -> bool {
    use ImageStatus as S;
    matches!(
        status,
        S::Available | S::Cancelled | S::Failed | S::Deleted | S::Deprecated | S::Disabled
    )
}

async fn end_build(
    account: &AwsClients,
    id: &BakeId,
    build: &Build,
    poll: Duration,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<(), AwsError> {
    let client = account.image_builder();
    if !has_ended(&build.status) {
        let sent = client
            .cancel_image_creation()
            .image_build_version_arn(&build.arn)
            .client_token(id.client_token("CancelImageCreation", 1))
            .send()
            .await;
        sent.map_err(|error| refusal("imagebuilder:CancelImageCreation", &error))?;
        let mut looks = 0;
        loop {
            let answer = client
                .get_image()
                .image_build_version_arn(&build.arn)
                .send()
                .await;
            let answer = answer.map_err(|error| refusal("imagebuilder:GetImage", &error))?;
            let status = answer
                .image()
                .and_then(|it| it.state())
                .and_then(|it| it.status());
            if status.is_some_and(has_ended) {
                break;
            }
            looks += 1;
            if looks == CANCEL_LOOKS {
                return Err(AwsError::new(
                    ErrorKind::Leftovers,
                    &build.arn,
                    "it was cancelled and has not ended",
                    format!("wait some minutes, and run `valet-gen bake abort {id}` again"),
                ));
            }
            tell(ProgressEvent::Shows(
                "waits for the build to be cancelled".to_owned(),
            ));
            tokio::time::sleep(poll).await;
        }
    }
    match client
        .delete_image()
        .image_build_version_arn(&build.arn)
        .send()
        .await
    {
        Ok(_) => {}
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(refusal("imagebuilder:DeleteImage", &error)),
    }
    tell(ProgressEvent::Done {
        what: "build".to_owned(),
        detail: format!("{} removed", build.arn),
    });
    Ok(())
}
