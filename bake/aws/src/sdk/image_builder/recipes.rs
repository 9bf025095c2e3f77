//! What a build is made of: its component and its recipe.

use aws_sdk_imagebuilder::types as ib;

use super::documents::{BlockDevice, Component, Ebs, Recipe, RecipeComponent, read};
use super::made::{incomplete, made};
use crate::bake_id::BakeId;
use crate::error::AwsError;
use crate::image_documents::Filled;
use crate::sdk::journal_writer::JournalWriter;
use crate::sdk::refusal::{is_missing, refusal};

pub async fn component(
    client: &aws_sdk_imagebuilder::Client,
    record: &mut JournalWriter,
    id: &BakeId,
    filled: &Filled,
) -> Result<(), AwsError> {
    let arn = &filled.component_arn;
    match client
        .get_component()
        .component_build_version_arn(arn)
        .send()
        .await
    {
        Ok(_) => return Ok(()),
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(refusal("imagebuilder:GetComponent", &error)),
    }
    let Component {
        name,
        semantic_version,
        description,
        platform,
        tags,
        data,
    } = read("component.json", &filled.component)?;
    record.intent("CreateComponent", arn)?;
    let sent = client
        .create_component()
        .name(name)
        .semantic_version(semantic_version)
        .description(description)
        .platform(ib::Platform::from(platform.as_str()))
        .set_tags(Some(tags))
        .data(data)
        .client_token(id.client_token("CreateComponent", 1))
        .send()
        .await;
    made(
        "CreateComponent",
        arn,
        sent.map(|answer| answer.component_build_version_arn),
        record,
    )
}

pub async fn recipe(
    client: &aws_sdk_imagebuilder::Client,
    record: &mut JournalWriter,
    id: &BakeId,
    filled: &Filled,
) -> Result<(), AwsError> {
    let arn = &filled.recipe_arn;
    match client.get_image_recipe().image_recipe_arn(arn).send().await {
        Ok(_) => return Ok(()),
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(refusal("imagebuilder:GetImageRecipe", &error)),
    }
    let Recipe {
        name,
        semantic_version,
        description,
        parent_image,
        components,
        block_device_mappings,
        working_directory,
        ami_tags,
        tags,
    } = read("recipe.json", &filled.recipe)?;
    let components = components.into_iter().map(recipe_component);
    let components: Vec<_> = components.collect::<Result<_, _>>()?;
    record.intent("CreateImageRecipe", arn)?;
    let sent = client
        .create_image_recipe()
        .name(name)
        .semantic_version(semantic_version)
        .description(description)
        .parent_image(parent_image)
        .set_components(Some(components))
        .set_block_device_mappings(Some(
            block_device_mappings
                .into_iter()
                .map(block_device)
                .collect(),
        ))
        .working_directory(working_directory)
        .set_ami_tags(Some(ami_tags))
        .set_tags(Some(tags))
        .client_token(id.client_token("CreateImageRecipe", 1))
        .send()
        .await;
    made(
        "CreateImageRecipe",
        arn,
        sent.map(|answer| answer.image_recipe_arn),
        record,
    )
}

fn recipe_component(component: RecipeComponent) -> Result<ib::ComponentConfiguration, AwsError> {
    let parameters = component.parameters.into_iter().map(|parameter| {
        let built = ib::ComponentParameter::builder().name(parameter.name);
        built.set_value(Some(parameter.value)).build()
    });
    let parameters: Vec<_> = parameters.collect::<Result<_, _>>().map_err(incomplete)?;
    ib::ComponentConfiguration::builder()
        .component_arn(component.component_arn)
        .set_parameters(Some(parameters))
        .build()
        .map_err(incomplete)
}

fn block_device(device: BlockDevice) -> ib::InstanceBlockDeviceMapping {
    let Ebs {
        encrypted,
        delete_on_termination,
        volume_size,
        volume_type,
        kms_key_id,
    } = device.ebs;
    let ebs = ib::EbsInstanceBlockDeviceSpecification::builder()
        .encrypted(encrypted)
        .delete_on_termination(delete_on_termination)
        .volume_size(volume_size)
        .volume_type(ib::EbsVolumeType::from(volume_type.as_str()))
        .set_kms_key_id(kms_key_id)
        .build();
    ib::InstanceBlockDeviceMapping::builder()
        .device_name(device.device_name)
        .ebs(ebs)
        .build()
}
