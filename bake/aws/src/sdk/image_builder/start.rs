//! A build, started where none goes on.

use std::collections::BTreeMap;

use aws_sdk_imagebuilder::types as ib;
use serde_json::json;

use super::builds::{Build, builds};
use super::configurations::{distribution, infrastructure};
use super::documents::{ImageRequest, read};
use super::recipes::{component, recipe};
use crate::bake_id::BakeId;
use crate::error::AwsError;
use crate::image_documents::Filled;
use crate::sdk::clients::AwsClients;
use crate::sdk::journal_writer::JournalWriter;
use crate::sdk::refusal::refusal;

/// Makes what a build takes, where it is not there, and starts a build, where none goes on or has made the image.
pub async fn ensure_build(
    account: &AwsClients,
    record: &mut JournalWriter,
    id: &BakeId,
    filled: &Filled,
    gone: &[String],
) -> Result<Build, AwsError> {
    let client = account.image_builder();
    component(&client, record, id, filled).await?;
    recipe(&client, record, id, filled).await?;
    infrastructure(&client, record, id, filled).await?;
    distribution(&client, record, id, filled).await?;
    let builds = builds(&client, &filled.image_version_arn).await?;
    let usable = builds.iter().find(|build| {
        let is_gone = build.amis.values().any(|ami| gone.contains(ami));
        !build.is_lost() && !is_gone
    });
    if let Some(build) = usable {
        return Ok(build.clone());
    }
    let attempt = builds.len() as u32 + 1;
    let arn = image(&client, record, id, filled, attempt).await?;
    Ok(Build {
        arn,
        status: ib::ImageStatus::Pending,
        amis: BTreeMap::new(),
    })
}

/// Starts a build. The token is that of the attempt, so a call that was lost starts no second one.
async fn image(
    client: &aws_sdk_imagebuilder::Client,
    record: &mut JournalWriter,
    id: &BakeId,
    filled: &Filled,
    attempt: u32,
) -> Result<String, AwsError> {
    let ImageRequest {
        image_recipe_arn,
        infrastructure_configuration_arn,
        distribution_configuration_arn,
        image_tests_configuration,
        enhanced_image_metadata_enabled,
        tags,
    } = read("image.json", &filled.image)?;
    let tests = ib::ImageTestsConfiguration::builder()
        .image_tests_enabled(image_tests_configuration.image_tests_enabled)
        .timeout_minutes(image_tests_configuration.timeout_minutes)
        .build();
    record.intent("CreateImage", &filled.image_version_arn)?;
    let answer = client
        .create_image()
        .image_recipe_arn(image_recipe_arn)
        .infrastructure_configuration_arn(infrastructure_configuration_arn)
        .distribution_configuration_arn(distribution_configuration_arn)
        .image_tests_configuration(tests)
        .enhanced_image_metadata_enabled(enhanced_image_metadata_enabled)
        .set_tags(Some(tags))
        .client_token(id.client_token("CreateImage", attempt))
        .send()
        .await
        .map_err(|error| refusal("imagebuilder:CreateImage", &error))?;
    let arn = answer
        .image_build_version_arn()
        .unwrap_or_default()
        .to_owned();
    record.outcome(
        "CreateImage",
        &filled.image_version_arn,
        json!({ "arn": arn }),
    )?;
    Ok(arn)
}
