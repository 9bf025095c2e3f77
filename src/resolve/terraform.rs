//! `[terraform]`

use serde::Serialize;

use crate::{derive, fleet};

/// Versions and state of one root module.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Terraform {
    pub required_version: String,
    pub aws_provider: String,
    /// Whether what cannot be made again is protected from being destroyed.
    pub protect: bool,
    /// `None` keeps the state in a local file.
    pub backend: Option<Backend>,
    /// The accounts that may be changed; any where it is empty.
    pub allowed_account_ids: Vec<String>,
    /// The role that makes the resources.
    pub provider_role_arn: Option<String>,
    /// Glob patterns of the user's own files in the module's folder.
    pub own_files: Vec<String>,
}

/// State in an S3 bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backend {
    pub bucket: String,
    /// The object that holds this root module's state.
    pub key: String,
    pub region: String,
    pub use_lockfile: bool,
    pub kms_key_id: Option<String>,
    pub role_arn: Option<String>,
}

pub fn resolve(
    terraform: &fleet::Terraform,
    identity: &fleet::Identity,
    module: &str,
) -> Terraform {
    let fleet::Terraform {
        required_version,
        aws_provider,
        protect,
        backend,
        allowed_account_ids,
        provider_role_arn,
        own_files,
    } = terraform;
    Terraform {
        required_version: derive::terraform::required_version(required_version),
        aws_provider: derive::terraform::aws_provider(aws_provider),
        protect: *protect,
        backend: match backend {
            fleet::Backend::Local => None,
            fleet::Backend::S3(s3) => Some(Backend {
                bucket: s3.bucket.clone(),
                key: derive::terraform::backend_key(s3, identity, module),
                region: derive::terraform::backend_region(s3, identity),
                use_lockfile: s3.use_lockfile,
                kms_key_id: s3.kms_key_id.clone(),
                role_arn: s3.role_arn.clone(),
            }),
        },
        allowed_account_ids: allowed_account_ids.clone(),
        provider_role_arn: provider_role_arn.clone(),
        own_files: own_files.clone(),
    }
}
