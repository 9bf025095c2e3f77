//! `[iam]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an account's owners ask of IAM, and what workers may do besides what the fleet itself needs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Iam {
    /// The ARN of the policy that is the permissions boundary of every role.
    ///
    /// Service-linked roles have none: IAM accepts no boundary for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,

    /// The path of every role, policy and instance profile, such as `"/teams/browsers/"`.
    ///
    /// IAM: begins and ends with `/`, at most 512 characters.
    pub path: String,

    /// An existing instance profile of the workers, by name, in place of a role of the fleet's own.
    ///
    /// Its owners give it the policies of the output `worker_policies`. The keys below are about the
    /// fleet's own role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub instance_profile: Option<String>,

    /// Managed policies of the workers' role besides its own, by ARN.
    ///
    /// IAM attaches at most ten to a role, unless the account's quota is raised.
    #[schemars(length(max = 20))]
    pub managed_policies: Vec<String>,

    /// Objects in S3 that workers read or write.
    #[schemars(length(max = 50))]
    pub s3: Vec<S3Access>,

    /// Repositories of Amazon ECR that workers pull images from, by ARN.
    #[schemars(length(max = 50))]
    pub ecr_repositories: Vec<String>,

    /// Statements of your own in the policy of the workers' role. Each allows.
    #[schemars(length(max = 50))]
    pub statements: Vec<PolicyStatement>,
}

impl Default for Iam {
    fn default() -> Self {
        Self {
            permissions_boundary: None,
            path: Self::ROOT.to_owned(),
            instance_profile: None,
            managed_policies: Vec::new(),
            s3: Vec::new(),
            ecr_repositories: Vec::new(),
            statements: Vec::new(),
        }
    }
}

impl Iam {
    /// The path that IAM takes where none is given.
    pub const ROOT: &'static str = "/";
}

/// Objects in S3 that workers read or write.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Access {
    /// The bucket's name.
    pub bucket: String,

    /// The beginning of the objects' keys, such as `"profiles/"`; every object of the bucket when
    /// left out.
    #[serde(default)]
    pub prefix: String,

    /// What workers do with the objects.
    pub access: ObjectAccess,
}

/// What workers do with objects in S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectAccess {
    /// List and read them.
    Read,
    /// Write them, without reading any.
    Write,
    /// List, read, write and delete them.
    ReadWrite,
}

/// A statement that allows actions on resources.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyStatement {
    /// What is allowed, such as `"dynamodb:GetItem"`.
    #[schemars(length(min = 1, max = 100))]
    pub actions: Vec<String>,

    /// On what, by ARN; `"*"` for actions that have no resources.
    #[schemars(length(min = 1, max = 100))]
    pub resources: Vec<String>,
}
