//! `[terraform]`

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Versions and state backend of the rendered root modules.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Terraform {
    /// Terraform versions that may be used, as a version constraint.
    ///
    /// The rendered modules add `>= 1.11` to it: the placeholders of secrets are write-only
    /// arguments, which came with that version.
    pub required_version: String,

    /// Versions of the `hashicorp/aws` provider that may be used, as a version constraint.
    pub aws_provider: String,

    /// Whether Terraform refuses to destroy keys, secrets, logs, records and the group.
    ///
    /// `false` is for taking a fleet down: render, apply, then `terraform destroy`.
    pub protect: bool,

    /// Where Terraform keeps its state: `"local"`, or a table for an S3 bucket.
    pub backend: Backend,

    /// Ids of the AWS accounts that may be changed, 12 digits each; any account when it is empty.
    ///
    /// Terraform stops before it changes anything where its credentials are another account's.
    #[schemars(length(max = 20))]
    pub allowed_account_ids: Vec<String>,

    /// The role that Terraform assumes to make the resources, by ARN; the caller's own rights when
    /// left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_role_arn: Option<String>,

    /// Files of your own in the folders of the root modules (`<environment>/terraform/`,
    /// `account/terraform/`), as glob patterns of paths in them.
    ///
    /// Terraform reads every `.tf` in these folders. `render --check` and `audit` name the files
    /// that match; `render` never removes or overwrites them. Every other file that valet-gen did
    /// not write is a difference for `render --check`. `*` matches within one folder, `**` across
    /// folders; a pattern that ends with `/` stands for a whole folder.
    #[schemars(length(max = 50), inner(length(min = 1, max = 200)))]
    pub own_files: Vec<String>,
}

impl Default for Terraform {
    fn default() -> Self {
        Self {
            required_version: ">= 1.11".to_owned(),
            aws_provider: ">= 5.90, < 7.0".to_owned(),
            protect: true,
            backend: Backend::Local,
            allowed_account_ids: Vec::new(),
            provider_role_arn: None,
            own_files: Vec::new(),
        }
    }
}

/// Where Terraform keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file beside the root module.
    Local,
    /// An object in an S3 bucket, with its own key per environment.
    S3(S3Backend),
}

/// State in an S3 bucket.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Backend {
    /// `"s3"`.
    #[serde(rename = "type")]
    kind: S3,

    /// The bucket, which must exist before the first `terraform init`.
    pub bucket: String,

    /// The bucket's region; the fleet's own when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,

    /// The object that holds the state, with `{environment}` where the name of the environment
    /// stands, or `account`; `<fleet>/{environment}/terraform.tfstate` when left out.
    ///
    /// At most 1,024 bytes, and not beginning with `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,

    /// The KMS key that encrypts the state, by ARN; S3's own key when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,

    /// The role that Terraform assumes to read and write the state, by ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,

    /// Whether Terraform locks the state by a lock file beside it in the bucket.
    #[serde(default = "S3Backend::use_lockfile_default")]
    pub use_lockfile: bool,
}

impl S3Backend {
    fn use_lockfile_default() -> bool {
        true
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
enum S3 {
    #[serde(rename = "s3")]
    S3,
}

impl Serialize for Backend {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Local => serializer.serialize_str("local"),
            Self::S3(s3) => s3.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Backend {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BackendVisitor)
    }
}

struct BackendVisitor;

impl<'de> Visitor<'de> for BackendVisitor {
    type Value = Backend;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"local\" or a table { type = \"s3\", bucket = \"...\" }")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Backend, E> {
        match text {
            "local" => Ok(Backend::Local),
            other => Err(E::unknown_variant(other, &["local"])),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Backend, A::Error> {
        S3Backend::deserialize(MapAccessDeserializer::new(map)).map(Backend::S3)
    }
}

impl JsonSchema for Backend {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Backend")
    }

    /// `if` chooses the branch by type, so that a schema violation is reported inside the branch meant.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "object"],
            "if": { "type": "object" },
            "then": generator.subschema_for::<S3Backend>(),
            "else": { "enum": ["local"] },
        })
    }
}
