//! The rendered requests, read as they are sent.

#![expect(
    clippy::disallowed_types,
    reason = "the SDK takes tags as a HashMap, and their order is nobody's"
)]

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{AwsError, ErrorKind};

type Tags = HashMap<String, String>;

/// The rendered requests have these members and no others: one that is not sent would be lost unseen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Component {
    pub name: String,
    pub semantic_version: String,
    pub description: String,
    pub platform: String,
    pub tags: Tags,
    pub data: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Recipe {
    pub name: String,
    pub semantic_version: String,
    pub description: String,
    pub parent_image: String,
    pub components: Vec<RecipeComponent>,
    pub block_device_mappings: Vec<BlockDevice>,
    pub working_directory: String,
    pub ami_tags: Tags,
    pub tags: Tags,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RecipeComponent {
    pub component_arn: String,
    pub parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub name: String,
    pub value: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BlockDevice {
    pub device_name: String,
    pub ebs: Ebs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Ebs {
    pub encrypted: bool,
    pub delete_on_termination: bool,
    pub volume_size: i32,
    pub volume_type: String,
    #[serde(default)]
    pub kms_key_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Infrastructure {
    pub name: String,
    pub description: String,
    pub instance_types: Vec<String>,
    pub instance_profile_name: String,
    pub subnet_id: String,
    pub security_group_ids: Vec<String>,
    pub terminate_instance_on_failure: bool,
    pub instance_metadata_options: MetadataOptions,
    pub resource_tags: Tags,
    pub tags: Tags,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MetadataOptions {
    pub http_tokens: String,
    pub http_put_response_hop_limit: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Distribution {
    pub name: String,
    pub description: String,
    pub distributions: Vec<Region>,
    pub tags: Tags,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Region {
    pub region: String,
    pub ami_distribution_configuration: AmiDistribution,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AmiDistribution {
    pub name: String,
    pub description: String,
    pub ami_tags: Tags,
    #[serde(default)]
    pub kms_key_id: Option<String>,
    #[serde(default)]
    pub launch_permission: Option<LaunchPermission>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LaunchPermission {
    pub user_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ImageRequest {
    pub image_recipe_arn: String,
    pub infrastructure_configuration_arn: String,
    pub distribution_configuration_arn: String,
    pub image_tests_configuration: Tests,
    pub enhanced_image_metadata_enabled: bool,
    pub tags: Tags,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Tests {
    pub image_tests_enabled: bool,
    pub timeout_minutes: i32,
}

pub fn read<T: DeserializeOwned>(what: &str, request: &Value) -> Result<T, AwsError> {
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
