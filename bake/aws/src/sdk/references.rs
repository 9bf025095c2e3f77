//! What uses images. An answer that is missing or cut is an error: what is not known to be unused is used.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    ImageReferenceOptionName, ImageReferenceResourceType, InstanceStateName, Reservation,
    ResourceTypeOption, ResourceTypeRequest,
};

use super::clients::AwsClients;
use super::refusal::{is_missing, refusal};
use crate::error::AwsError;

/// What is known to use images, by their ids.
#[derive(Clone, Debug, Default)]
pub struct References {
    by_ami: BTreeMap<String, BTreeSet<String>>,
}

impl References {
    pub fn add(&mut self, ami: impl Into<String>, user: impl Into<String>) {
        self.by_ami
            .entry(ami.into())
            .or_default()
            .insert(user.into());
    }

    pub fn of(&self, ami: &str) -> Vec<String> {
        self.by_ami
            .get(ami)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

/// Versions of a parameter that count as used: who rolls back goes back to one of them.
const PARAMETER_VERSIONS: usize = 5;

/// Everything in a region that names an image, but what only asks about single ones ([`of_images`]).
pub async fn in_region(
    account: &AwsClients,
    region: &str,
    parameters: &[String],
    references: &mut References,
) -> Result<(), AwsError> {
    instances(account, region, references).await?;
    launch_templates(account, region, references).await?;
    if region == account.region {
        launch_configurations(account, references).await?;
        recipes(account, references).await?;
        for parameter in parameters {
            parameter_history(account, parameter, references).await?;
        }
    }
    Ok(())
}

async fn instances(
    account: &AwsClients,
    region: &str,
    references: &mut References,
) -> Result<(), AwsError> {
    let mut pages = account
        .ec2(region)
        .describe_instances()
        .max_results(1000)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refusal("ec2:DescribeInstances", &error))?;
        for instance in page.reservations().iter().flat_map(Reservation::instances) {
            let state = instance.state().and_then(|state| state.name());
            if state == Some(&InstanceStateName::Terminated) {
                continue;
            }
            if let (Some(ami), Some(id)) = (instance.image_id(), instance.instance_id()) {
                references.add(ami, format!("instance {id}"));
            }
        }
    }
    Ok(())
}

/// Every version of every launch template: an old one may be pinned by a group, or by somebody who goes back.
async fn launch_templates(
    account: &AwsClients,
    region: &str,
    references: &mut References,
) -> Result<(), AwsError> {
    let ec2 = account.ec2(region);
    let mut templates = ec2.describe_launch_templates().into_paginator().send();
    while let Some(page) = templates.next().await {
        let page = page.map_err(|error| refusal("ec2:DescribeLaunchTemplates", &error))?;
        for template in page.launch_templates() {
            let id = template.launch_template_id().unwrap_or_default();
            let mut versions = ec2
                .describe_launch_template_versions()
                .launch_template_id(id)
                .into_paginator()
                .send();
            while let Some(page) = versions.next().await {
                let page =
                    page.map_err(|error| refusal("ec2:DescribeLaunchTemplateVersions", &error))?;
                for version in page.launch_template_versions() {
                    let number = version.version_number().unwrap_or_default();
                    let Some(image) = version
                        .launch_template_data()
                        .and_then(|data| data.image_id())
                    else {
                        continue;
                    };
                    let user = format!("launch template {id}, version {number}");
                    match image.strip_prefix("resolve:ssm:") {
                        // With the version or the label that it may name: SSM takes both in one name.
                        Some(name) => resolved(account, region, name, &user, references).await?,
                        None => references.add(image, user),
                    }
                }
            }
        }
    }
    Ok(())
}

/// The image that a parameter of a region names.
async fn resolved(
    account: &AwsClients,
    region: &str,
    name: &str,
    user: &str,
    references: &mut References,
) -> Result<(), AwsError> {
    match account
        .ssm_in(region)
        .get_parameter()
        .name(name)
        .send()
        .await
    {
        Ok(answer) => {
            if let Some(value) = answer.parameter().and_then(|it| it.value()) {
                references.add(value, user);
            }
            Ok(())
        }
        Err(error) if is_missing(&error) => Ok(()),
        Err(error) => Err(refusal("ssm:GetParameter", &error)),
    }
}

async fn launch_configurations(
    account: &AwsClients,
    references: &mut References,
) -> Result<(), AwsError> {
    let mut pages = account
        .autoscaling()
        .describe_launch_configurations()
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page =
            page.map_err(|error| refusal("autoscaling:DescribeLaunchConfigurations", &error))?;
        for configuration in page.launch_configurations() {
            let name = configuration
                .launch_configuration_name()
                .unwrap_or_default();
            references.add(
                configuration.image_id().unwrap_or_default(),
                format!("launch configuration {name}"),
            );
        }
    }
    Ok(())
}

/// An image that a recipe begins with cannot be built on once it is gone.
async fn recipes(account: &AwsClients, references: &mut References) -> Result<(), AwsError> {
    let mut pages = account
        .image_builder()
        .list_image_recipes()
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refusal("imagebuilder:ListImageRecipes", &error))?;
        for recipe in page.image_recipe_summary_list() {
            if let (Some(parent), Some(arn)) = (recipe.parent_image(), recipe.arn()) {
                references.add(parent, arn);
            }
        }
    }
    Ok(())
}

async fn parameter_history(
    account: &AwsClients,
    name: &str,
    references: &mut References,
) -> Result<(), AwsError> {
    let mut versions = Vec::new();
    let mut pages = account
        .ssm()
        .get_parameter_history()
        .name(name)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => versions.extend(
                page.parameters()
                    .iter()
                    .filter_map(|it| Some((it.version(), it.value()?.to_owned()))),
            ),
            Err(error) if is_missing(&error) => return Ok(()),
            Err(error) => return Err(refusal("ssm:GetParameterHistory", &error)),
        }
    }
    versions.sort_unstable();
    for (version, ami) in versions.into_iter().rev().take(PARAMETER_VERSIONS) {
        references.add(ami, format!("parameter {name}, version {version}"));
    }
    Ok(())
}

/// The most images that EC2 looks up in one call.
const IMAGES_A_CALL: usize = 10;

/// What EC2 itself knows of single images: all that uses them, and whom they are shared with.
pub async fn of_images(
    account: &AwsClients,
    region: &str,
    amis: &[String],
    references: &mut References,
) -> Result<(), AwsError> {
    let ec2 = account.ec2(region);
    for amis in amis.chunks(IMAGES_A_CALL) {
        let mut token = None;
        loop {
            let call = ec2
                .describe_image_references()
                .set_image_ids(Some(amis.to_vec()))
                .set_resource_types(Some(resource_types()))
                .set_next_token(token);
            let page = call
                .send()
                .await
                .map_err(|error| refusal("ec2:DescribeImageReferences", &error))?;
            for reference in page.image_references() {
                if let (Some(ami), Some(arn)) = (reference.image_id(), reference.arn()) {
                    references.add(ami, arn);
                }
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
    }
    for ami in amis {
        let answer = ec2
            .describe_image_attribute()
            .image_id(ami)
            .attribute(aws_sdk_ec2::types::ImageAttributeName::LaunchPermission)
            .send()
            .await
            .map_err(|error| refusal("ec2:DescribeImageAttribute", &error))?;
        if let Some(permission) = answer.launch_permissions().first() {
            let with = permission
                .user_id()
                .or(permission.organization_arn())
                .unwrap_or("everybody");
            references.add(ami, format!("account {with}, with which it is shared"));
        }
    }
    Ok(())
}

/// EC2 looks at the last 10 versions of a template unless it is told another number.
fn resource_types() -> Vec<ResourceTypeRequest> {
    use ImageReferenceResourceType as T;
    let plain = |kind: T| ResourceTypeRequest::builder().resource_type(kind).build();
    let depth = ResourceTypeOption::builder()
        .option_name(ImageReferenceOptionName::VersionDepth)
        .option_values("10000")
        .build();
    let templates = ResourceTypeRequest::builder()
        .resource_type(T::Ec2LaunchTemplate)
        .resource_type_options(depth);
    vec![
        plain(T::Ec2Instance),
        plain(T::SsmParameter),
        plain(T::ImageBuilderImageRecipe),
        templates.build(),
    ]
}
