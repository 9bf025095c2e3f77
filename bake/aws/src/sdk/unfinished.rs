//! Bakes that were begun and not finished: which there are, and their end.

use std::time::Duration;

use aws_sdk_ec2::types::InstanceStateName;
use aws_sdk_imagebuilder::types::ImageStatus;

use super::account::filter;
use super::clients::{Account, connect};
use super::delete::{delete_image, delete_snapshot};
use super::find::{FoundImage, images_with};
use super::image_builder::{Build, builds};
use super::recipes::{Recipe, recipes_named};
use super::refusal::{code, is_missing, refusal};
use crate::bake_id::BakeId;
use crate::error::{AwsError, ErrorKind};
use crate::image_documents::Surroundings;
use crate::progress::Event;
use crate::tags;

/// Whose bakes.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'w> {
    /// `<fleet>-<environment>`.
    pub prefix: &'w str,
    /// The name of its resources of Image Builder.
    pub image_builder_name: &'w str,
    pub region: &'w str,
    /// Every region that gets the image.
    pub regions: &'w [String],
}

/// A bake that was begun.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Unfinished {
    pub bake_id: String,
    pub source_ami: String,
    pub begun: String,
    /// Of its last build in Image Builder; `not started` where there is none.
    pub state: String,
    /// The images that it has left, in every region.
    pub images: Vec<String>,
}

/// The bakes of an environment that have no verified image.
///
/// # Errors
/// When AWS refuses a call.
pub async fn status(whose: Whose<'_>) -> Result<Vec<Unfinished>, AwsError> {
    let account = connect(whose.region).await?;
    let mut unfinished = Vec::new();
    for recipe in recipes_named(&account, whose.image_builder_name).await? {
        let images = images_of_bake(&account, whose, &recipe.bake_id).await?;
        if images.iter().any(FoundImage::is_usable) {
            continue;
        }
        let builds = builds(&account.image_builder(), &recipe.image_version_arn()).await?;
        let state = builds
            .first()
            .map_or("not started", |build| build.status.as_str());
        unfinished.push(Unfinished {
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
    account: &Account,
    whose: Whose<'_>,
    id: &str,
) -> Result<Vec<FoundImage>, AwsError> {
    let tag = format!("tag:{}", tags::BAKE_ID);
    let mut images = Vec::new();
    for region in whose.regions {
        images.extend(images_with(account, region, &[(&tag, id)]).await?);
    }
    Ok(images)
}

/// How long a build may take to be cancelled, in looks at it.
const CANCEL_LOOKS: u32 = 60;

/// Ends a bake and removes all that it made. What is verified or promoted stays: `gc` decides about that.
///
/// # Errors
/// When the bake has a whole image, AWS refuses a call, or something stays.
pub async fn abort(
    whose: Whose<'_>,
    id: &BakeId,
    poll: Duration,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<(), AwsError> {
    let account = connect(whose.region).await?;
    let images = images_of_bake(&account, whose, id.as_str()).await?;
    if let Some(image) = images
        .iter()
        .find(|image| tags::is_whole(image.tag(tags::STATUS)))
    {
        return Err(AwsError::new(
            ErrorKind::Unsafe,
            id,
            format!(
                "it is finished: {} in {} is {}",
                image.ami,
                image.region,
                image.tag(tags::STATUS)
            ),
            "`valet-gen bake gc` removes images that nothing uses",
        ));
    }
    let recipes = recipes_named(&account, whose.image_builder_name).await?;
    let (mine, others): (Vec<_>, Vec<_>) = recipes
        .into_iter()
        .partition(|recipe| recipe.bake_id == id.as_str());
    for recipe in &mine {
        let builds = builds(&account.image_builder(), &recipe.image_version_arn()).await?;
        for build in builds {
            end_build(&account, id, &build, poll, tell).await?;
        }
    }
    // Looked for again: a build that ended meanwhile may have made one.
    for image in images_of_bake(&account, whose, id.as_str()).await? {
        tell(Event::Shows(format!("deregister {}", image.ami)));
        delete_image(&account, &image).await?;
        tell(Event::Done {
            what: image.ami.clone(),
            detail: "deregistered, with its snapshots".to_owned(),
        });
    }
    for region in whose.regions {
        delete_snapshots(&account, region, id).await?;
    }
    terminate_instances(&account, whose.region, id).await?;
    for recipe in &mine {
        delete_records(&account, recipe, tell).await?;
    }
    delete_configurations(&account, id, tell).await?;
    delete_objects(&account, whose.prefix, id, &mine, &others).await?;
    Ok(())
}

async fn end_build(
    account: &Account,
    id: &BakeId,
    build: &Build,
    poll: Duration,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<(), AwsError> {
    let client = account.image_builder();
    let ended = |status: &ImageStatus| {
        use ImageStatus as S;
        matches!(
            status,
            S::Available | S::Cancelled | S::Failed | S::Deleted | S::Deprecated | S::Disabled
        )
    };
    if !ended(&build.status) {
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
            if status.is_some_and(ended) {
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
            tell(Event::Shows(
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
    tell(Event::Done {
        what: "build".to_owned(),
        detail: format!("{} removed", build.arn),
    });
    Ok(())
}

/// Snapshots that a build left before their image was registered.
async fn delete_snapshots(account: &Account, region: &str, id: &BakeId) -> Result<(), AwsError> {
    let ec2 = account.ec2(region);
    let tag = filter(&format!("tag:{}", tags::BAKE_ID), id.as_str());
    let answer = ec2
        .describe_snapshots()
        .owner_ids("self")
        .filters(tag)
        .send()
        .await;
    let answer = answer.map_err(|error| refusal("ec2:DescribeSnapshots", &error))?;
    for snapshot in answer
        .snapshots()
        .iter()
        .filter_map(|snapshot| snapshot.snapshot_id())
    {
        delete_snapshot(account, region, snapshot).await?;
    }
    Ok(())
}

/// Hosts that a cancelled build left.
async fn terminate_instances(account: &Account, region: &str, id: &BakeId) -> Result<(), AwsError> {
    let ec2 = account.ec2(region);
    let tag = filter(&format!("tag:{}", tags::BAKE_ID), id.as_str());
    let answer = ec2.describe_instances().filters(tag).send().await;
    let answer = answer.map_err(|error| refusal("ec2:DescribeInstances", &error))?;
    let instances = answer
        .reservations()
        .iter()
        .flat_map(|reservation| reservation.instances());
    let left: Vec<String> = instances
        .filter(|instance| {
            let state = instance.state().and_then(|state| state.name());
            !matches!(
                state,
                Some(InstanceStateName::Terminated | InstanceStateName::ShuttingDown)
            )
        })
        .filter_map(|instance| instance.instance_id().map(str::to_owned))
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    let sent = ec2
        .terminate_instances()
        .set_instance_ids(Some(left))
        .send()
        .await;
    sent.map_err(|error| refusal("ec2:TerminateInstances", &error))?;
    Ok(())
}

async fn delete_records(
    account: &Account,
    recipe: &Recipe,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<(), AwsError> {
    let client = account.image_builder();
    match client
        .delete_image_recipe()
        .image_recipe_arn(&recipe.arn)
        .send()
        .await
    {
        Ok(_) => {}
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(refusal("imagebuilder:DeleteImageRecipe", &error)),
    }
    tell(Event::Done {
        what: "recipe".to_owned(),
        detail: format!("{} removed", recipe.arn),
    });
    Ok(())
}

/// Configurations and components with the bake's tag. One that another bake uses is left to that bake.
async fn delete_configurations(
    account: &Account,
    id: &BakeId,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<(), AwsError> {
    let client = account.image_builder();
    let mut infrastructures = client
        .list_infrastructure_configurations()
        .into_paginator()
        .send();
    while let Some(page) = infrastructures.next().await {
        let page =
            page.map_err(|error| refusal("imagebuilder:ListInfrastructureConfigurations", &error))?;
        for summary in page.infrastructure_configuration_summary_list() {
            if let Some(arn) = summary.arn().filter(|_| is_of(summary.tags(), id)) {
                let sent = client
                    .delete_infrastructure_configuration()
                    .infrastructure_configuration_arn(arn);
                removed(
                    "imagebuilder:DeleteInfrastructureConfiguration",
                    arn,
                    sent.send().await,
                    tell,
                )?;
            }
        }
    }
    let mut distributions = client
        .list_distribution_configurations()
        .into_paginator()
        .send();
    while let Some(page) = distributions.next().await {
        let page =
            page.map_err(|error| refusal("imagebuilder:ListDistributionConfigurations", &error))?;
        for summary in page.distribution_configuration_summary_list() {
            if let Some(arn) = summary.arn().filter(|_| is_of(summary.tags(), id)) {
                let sent = client
                    .delete_distribution_configuration()
                    .distribution_configuration_arn(arn);
                removed(
                    "imagebuilder:DeleteDistributionConfiguration",
                    arn,
                    sent.send().await,
                    tell,
                )?;
            }
        }
    }
    let mut components = client.list_components().into_paginator().send();
    while let Some(page) = components.next().await {
        let page = page.map_err(|error| refusal("imagebuilder:ListComponents", &error))?;
        for version in page.component_version_list() {
            let Some(arn) = version.arn() else { continue };
            // The list is of versions; the tags are those of a version's builds.
            let build = if arn.matches('/').count() == 2 {
                format!("{arn}/1")
            } else {
                arn.to_owned()
            };
            let tagged = match client
                .list_tags_for_resource()
                .resource_arn(&build)
                .send()
                .await
            {
                Ok(answer) => is_of(answer.tags(), id),
                Err(error) if is_missing(&error) => false,
                Err(error) => return Err(refusal("imagebuilder:ListTagsForResource", &error)),
            };
            if tagged {
                let sent = client
                    .delete_component()
                    .component_build_version_arn(&build)
                    .send()
                    .await;
                removed("imagebuilder:DeleteComponent", &build, sent, tell)?;
            }
        }
    }
    Ok(())
}

fn is_of(tags: Option<&std::collections::HashMap<String, String>>, id: &BakeId) -> bool {
    tags.and_then(|tags| tags.get(tags::BAKE_ID))
        .is_some_and(|found| found == id.as_str())
}

fn removed<T, E, R>(
    call: &str,
    arn: &str,
    sent: Result<T, aws_smithy_runtime_api::client::result::SdkError<E, R>>,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<(), AwsError>
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match sent {
        Ok(_) => tell(Event::Done {
            what: "removed".to_owned(),
            detail: arn.to_owned(),
        }),
        Err(error) if is_missing(&error) => {}
        Err(error) if code(&error) == Some("ResourceDependencyException") => {
            tell(Event::Done {
                what: "kept".to_owned(),
                detail: format!("{arn}: another bake uses it"),
            });
        }
        Err(error) => return Err(refusal(call, &error)),
    }
    Ok(())
}

/// The reports of the bake, and its bundle where no other bake has the same.
async fn delete_objects(
    account: &Account,
    prefix: &str,
    id: &BakeId,
    mine: &[Recipe],
    others: &[Recipe],
) -> Result<(), AwsError> {
    let bucket = format!("{prefix}-bake-{}", account.id);
    let s3 = account.s3();
    let reports = format!("{}/", Surroundings::report_prefix(id));
    let listed = s3
        .list_objects_v2()
        .bucket(&bucket)
        .prefix(reports)
        .send()
        .await;
    let mut keys: Vec<String> = match listed {
        Ok(answer) => answer
            .contents()
            .iter()
            .filter_map(|it| it.key().map(str::to_owned))
            .collect(),
        Err(error) if is_missing(&error) => return Ok(()),
        Err(error) => return Err(refusal("s3:ListBucket", &error)),
    };
    let is_shared = |digest: &str| others.iter().any(|other| other.bundle_sha256 == digest);
    let bundles = mine
        .iter()
        .filter(|recipe| !recipe.bundle_sha256.is_empty() && !is_shared(&recipe.bundle_sha256));
    keys.extend(bundles.map(|recipe| Surroundings::bundle_key(&recipe.bundle_sha256)));
    for key in keys {
        let sent = s3.delete_object().bucket(&bucket).key(&key).send().await;
        sent.map_err(|error| refusal("s3:DeleteObject", &error))?;
    }
    Ok(())
}
