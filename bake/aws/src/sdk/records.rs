//! What a bake left in Image Builder and in the bucket, deleted.

use std::collections::BTreeSet;

use super::clients::AwsClients;
use super::recipes::Recipe;
use super::refusal::{code, is_missing, refusal};
use crate::bake_id::BakeId;
use crate::error::AwsError;
use crate::image_documents::BuildContext;
use crate::progress::ProgressEvent;
use crate::tags;

/// Deletes a recipe.
pub async fn delete_records(
    account: &AwsClients,
    recipe: &Recipe,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
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
    tell(ProgressEvent::Done {
        what: "recipe".to_owned(),
        detail: format!("{} removed", recipe.arn),
    });
    Ok(())
}

/// Configurations and components with the bake's tag. One that another bake uses is left to that bake.
pub async fn delete_configurations(
    account: &AwsClients,
    id: &BakeId,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
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
            if let Some(arn) = summary.arn().filter(|_| {
                let tag = summary.tags().and_then(|it| it.get(tags::BAKE_ID));
                is_of(tag, id)
            }) {
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
            if let Some(arn) = summary.arn().filter(|_| {
                let tag = summary.tags().and_then(|it| it.get(tags::BAKE_ID));
                is_of(tag, id)
            }) {
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
                Ok(answer) => is_of(answer.tags().and_then(|it| it.get(tags::BAKE_ID)), id),
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

fn is_of(tag: Option<&String>, id: &BakeId) -> bool {
    tag.is_some_and(|found| found == id.as_str())
}

fn removed<T, E, R>(
    call: &str,
    arn: &str,
    sent: Result<T, aws_smithy_runtime_api::client::result::SdkError<E, R>>,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<(), AwsError>
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match sent {
        Ok(_) => tell(ProgressEvent::Done {
            what: "removed".to_owned(),
            detail: arn.to_owned(),
        }),
        Err(error) if is_missing(&error) => {}
        Err(error) if code(&error) == Some("ResourceDependencyException") => {
            tell(ProgressEvent::Done {
                what: "kept".to_owned(),
                detail: format!("{arn}: another bake uses it"),
            });
        }
        Err(error) => return Err(refusal(call, &error)),
    }
    Ok(())
}

/// The reports of the bake, and its bundle where no other bake has the same.
pub async fn delete_objects(
    account: &AwsClients,
    prefix: &str,
    id: &BakeId,
    bundles: &BTreeSet<String>,
    others: &[Recipe],
) -> Result<(), AwsError> {
    let bucket = format!("{prefix}-bake-{}", account.id);
    let s3 = account.s3();
    let mut keys: Vec<String> = Vec::new();
    for prefix in [BuildContext::report_prefix(id), format!("bundles/{id}")] {
        let listed = s3
            .list_objects_v2()
            .bucket(&bucket)
            .prefix(format!("{prefix}/"))
            .send()
            .await;
        match listed {
            Ok(answer) => {
                let contents = answer.contents().iter();
                keys.extend(contents.filter_map(|it| it.key().map(str::to_owned)));
            }
            Err(error) if is_missing(&error) => return Ok(()),
            Err(error) => return Err(refusal("s3:ListBucket", &error)),
        }
    }
    let is_shared = |digest: &str| others.iter().any(|other| other.bundle_sha256 == digest);
    let bundles = bundles
        .iter()
        .filter(|digest| !digest.is_empty() && !is_shared(digest));
    keys.extend(bundles.map(|digest| BuildContext::bundle_key(digest)));
    for key in keys {
        let sent = s3.delete_object().bucket(&bucket).key(&key).send().await;
        sent.map_err(|error| refusal("s3:DeleteObject", &error))?;
    }
    Ok(())
}
