//! The requests of Image Builder: each is looked up before it is sent, and nothing is made twice.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_imagebuilder::types as ib;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::clients::Account;
use super::refusal::{code, is_missing, refusal};
use super::run::Record;
use crate::bake_id::BakeId;
use crate::error::{AwsError, ErrorKind};
use crate::image_documents::Filled;

type Tags = HashMap<String, String>;

/// The rendered requests have these members and no others: one that is not sent would be lost unseen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Component {
    name: String,
    semantic_version: String,
    description: String,
    platform: String,
    tags: Tags,
    data: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Recipe {
    name: String,
    semantic_version: String,
    description: String,
    parent_image: String,
    components: Vec<RecipeComponent>,
    block_device_mappings: Vec<BlockDevice>,
    working_directory: String,
    ami_tags: Tags,
    tags: Tags,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RecipeComponent {
    component_arn: String,
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameter {
    name: String,
    value: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct BlockDevice {
    device_name: String,
    ebs: Ebs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Ebs {
    encrypted: bool,
    delete_on_termination: bool,
    volume_size: i32,
    volume_type: String,
    #[serde(default)]
    kms_key_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Infrastructure {
    name: String,
    description: String,
    instance_types: Vec<String>,
    instance_profile_name: String,
    subnet_id: String,
    security_group_ids: Vec<String>,
    terminate_instance_on_failure: bool,
    instance_metadata_options: MetadataOptions,
    resource_tags: Tags,
    tags: Tags,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MetadataOptions {
    http_tokens: String,
    http_put_response_hop_limit: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Distribution {
    name: String,
    description: String,
    distributions: Vec<Region>,
    tags: Tags,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Region {
    region: String,
    ami_distribution_configuration: Ami,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Ami {
    name: String,
    description: String,
    ami_tags: Tags,
    #[serde(default)]
    kms_key_id: Option<String>,
    #[serde(default)]
    launch_permission: Option<LaunchPermission>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct LaunchPermission {
    user_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Image {
    image_recipe_arn: String,
    infrastructure_configuration_arn: String,
    distribution_configuration_arn: String,
    image_tests_configuration: Tests,
    enhanced_image_metadata_enabled: bool,
    tags: Tags,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Tests {
    image_tests_enabled: bool,
    timeout_minutes: i32,
}

fn read<T: DeserializeOwned>(what: &str, request: &Value) -> Result<T, AwsError> {
    serde_json::from_value(request.clone()).map_err(|error| {
        let problem = format!("internal error: the request is not what is sent: {error}");
        AwsError::new(
            ErrorKind::Usage,
            what,
            problem,
            "report it with your fleet.toml",
        )
    })
}

/// A build of an image's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    pub arn: String,
    pub status: ib::ImageStatus,
    /// The images that it made, by region.
    pub amis: BTreeMap<String, String>,
}

impl Build {
    /// Whether it ends without an image, or has ended so.
    pub fn is_lost(&self) -> bool {
        use ib::ImageStatus as S;
        matches!(
            self.status,
            S::Cancelled | S::Failed | S::Deleted | S::Deprecated | S::Disabled
        )
    }
}

/// Makes what a build takes, where it is not there, and starts a build, where none goes on or has made the image.
pub async fn ensure_build(
    account: &Account,
    record: &mut Record,
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

async fn component(
    client: &aws_sdk_imagebuilder::Client,
    record: &mut Record,
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

async fn recipe(
    client: &aws_sdk_imagebuilder::Client,
    record: &mut Record,
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

/// A member that the API asks for is not rendered.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn incomplete(error: aws_smithy_types::error::operation::BuildError) -> AwsError {
    let problem = format!("internal error: a request is not whole: {error}");
    AwsError::new(
        ErrorKind::Usage,
        "imagebuilder",
        problem,
        "report it with your fleet.toml",
    )
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

async fn infrastructure(
    client: &aws_sdk_imagebuilder::Client,
    record: &mut Record,
    id: &BakeId,
    filled: &Filled,
) -> Result<(), AwsError> {
    let arn = &filled.infrastructure_arn;
    match client
        .get_infrastructure_configuration()
        .infrastructure_configuration_arn(arn)
        .send()
        .await
    {
        Ok(_) => return Ok(()),
        Err(error) if is_missing(&error) => {}
        Err(error) => {
            return Err(refusal(
                "imagebuilder:GetInfrastructureConfiguration",
                &error,
            ));
        }
    }
    let Infrastructure {
        name,
        description,
        instance_types,
        instance_profile_name,
        subnet_id,
        security_group_ids,
        terminate_instance_on_failure,
        instance_metadata_options,
        resource_tags,
        tags,
    } = read("infrastructure.json", &filled.infrastructure)?;
    let metadata = ib::InstanceMetadataOptions::builder()
        .http_tokens(instance_metadata_options.http_tokens)
        .http_put_response_hop_limit(instance_metadata_options.http_put_response_hop_limit)
        .build();
    record.intent("CreateInfrastructureConfiguration", arn)?;
    let sent = client
        .create_infrastructure_configuration()
        .name(name)
        .description(description)
        .set_instance_types(Some(instance_types))
        .instance_profile_name(instance_profile_name)
        .subnet_id(subnet_id)
        .set_security_group_ids(Some(security_group_ids))
        .terminate_instance_on_failure(terminate_instance_on_failure)
        .instance_metadata_options(metadata)
        .set_resource_tags(Some(resource_tags))
        .set_tags(Some(tags))
        .client_token(id.client_token("CreateInfrastructureConfiguration", 1))
        .send()
        .await;
    let sent = sent.map(|answer| answer.infrastructure_configuration_arn);
    made("CreateInfrastructureConfiguration", arn, sent, record)
}

async fn distribution(
    client: &aws_sdk_imagebuilder::Client,
    record: &mut Record,
    id: &BakeId,
    filled: &Filled,
) -> Result<(), AwsError> {
    let arn = &filled.distribution_arn;
    match client
        .get_distribution_configuration()
        .distribution_configuration_arn(arn)
        .send()
        .await
    {
        Ok(_) => return Ok(()),
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(refusal("imagebuilder:GetDistributionConfiguration", &error)),
    }
    let Distribution {
        name,
        description,
        distributions,
        tags,
    } = read("distribution.json", &filled.distribution)?;
    let distributions = distributions.into_iter().map(|it| {
        let Ami {
            name,
            description,
            ami_tags,
            kms_key_id,
            launch_permission,
        } = it.ami_distribution_configuration;
        let permission = launch_permission.map(|permission| {
            let users = Some(permission.user_ids);
            ib::LaunchPermissionConfiguration::builder()
                .set_user_ids(users)
                .build()
        });
        let ami = ib::AmiDistributionConfiguration::builder()
            .name(name)
            .description(description)
            .set_ami_tags(Some(ami_tags))
            .set_kms_key_id(kms_key_id)
            .set_launch_permission(permission)
            .build();
        let built = ib::Distribution::builder().region(it.region);
        built.ami_distribution_configuration(ami).build()
    });
    let distributions: Vec<_> = distributions
        .collect::<Result<_, _>>()
        .map_err(incomplete)?;
    record.intent("CreateDistributionConfiguration", arn)?;
    let sent = client
        .create_distribution_configuration()
        .name(name)
        .description(description)
        .set_distributions(Some(distributions))
        .set_tags(Some(tags))
        .client_token(id.client_token("CreateDistributionConfiguration", 1))
        .send()
        .await;
    let sent = sent.map(|answer| answer.distribution_configuration_arn);
    made("CreateDistributionConfiguration", arn, sent, record)
}

/// Starts a build. The token is that of the attempt, so a call that was lost starts no second one.
async fn image(
    client: &aws_sdk_imagebuilder::Client,
    record: &mut Record,
    id: &BakeId,
    filled: &Filled,
    attempt: u32,
) -> Result<String, AwsError> {
    let Image {
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

/// Notes what was made. That it is there already is as good: names and versions say what they hold.
fn made<E, R>(
    call: &str,
    expected: &str,
    sent: Result<Option<String>, aws_smithy_runtime_api::client::result::SdkError<E, R>>,
    record: &mut Record,
) -> Result<(), AwsError>
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let arn = match sent {
        Ok(arn) => arn.unwrap_or_default(),
        Err(error) if code(&error) == Some("ResourceAlreadyExistsException") => expected.to_owned(),
        Err(error) => return Err(refusal(&format!("imagebuilder:{call}"), &error)),
    };
    record.outcome(call, expected, json!({ "arn": arn }))?;
    if arn == expected {
        return Ok(());
    }
    Err(AwsError::new(
        ErrorKind::Unsafe,
        format!("imagebuilder:{call}"),
        format!("it made {arn} in place of {expected}"),
        "somebody else has made another one of this name: remove theirs, or rename the fleet",
    ))
}

/// Every build of an image's version, the newest first.
pub async fn builds(
    client: &aws_sdk_imagebuilder::Client,
    image_version_arn: &str,
) -> Result<Vec<Build>, AwsError> {
    let mut builds = Vec::new();
    let mut token = None;
    loop {
        let call = client
            .list_image_build_versions()
            .image_version_arn(image_version_arn);
        let page = match call.set_next_token(token).send().await {
            Ok(page) => page,
            Err(error) if is_missing(&error) => break,
            Err(error) => return Err(refusal("imagebuilder:ListImageBuildVersions", &error)),
        };
        for summary in page.image_summary_list() {
            let status = summary.state().and_then(|state| state.status()).cloned();
            builds.push(Build {
                arn: summary.arn().unwrap_or_default().to_owned(),
                status: status.unwrap_or(ib::ImageStatus::Pending),
                amis: amis(summary.output_resources()),
            });
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(builds)
}

/// The images of a build, by region.
pub fn amis(output: Option<&ib::OutputResources>) -> BTreeMap<String, String> {
    let amis = output
        .map(ib::OutputResources::amis)
        .unwrap_or_default()
        .iter();
    amis.filter_map(|ami| Some((ami.region()?.to_owned(), ami.image()?.to_owned())))
        .collect()
}
