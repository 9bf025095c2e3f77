//! Who this instance is, by the metadata service.

use std::fmt::Display;

use hyper::StatusCode;
use valet_protocol::Config;

use crate::aws::Aws;
use crate::error::AgentError;
use crate::metadata::MetadataError;
use crate::state::Identity;

/// The group's tag, which EC2 Auto Scaling sets and nobody else can.
const GROUP_TAG: &str = "/latest/meta-data/tags/instance/aws:autoscaling:groupName";

/// Reads it from the metadata service.
///
/// # Errors
///
/// What it did not answer, and why.
pub async fn learn(config: &Config, aws: &Aws) -> Result<Identity, AgentError> {
    let failed = |path: &str, reason: &dyn Display| {
        AgentError::new(format!(
            "the metadata service does not return {path}: {reason}"
        ))
    };
    let optional = async |path: &str| {
        let answer = aws.metadata.optional(path).await;
        answer.map_err(|error: MetadataError| failed(path, &error))
    };
    let get = async |path: &str| {
        let text = optional(path).await?;
        text.ok_or_else(|| failed(path, &StatusCode::NOT_FOUND))
    };
    Ok(Identity {
        instance_id: get("/latest/meta-data/instance-id").await?,
        instance_type: get("/latest/meta-data/instance-type").await?,
        zone: get("/latest/meta-data/placement/availability-zone").await?,
        lifecycle: get("/latest/meta-data/instance-life-cycle").await?,
        group: optional(GROUP_TAG)
            .await?
            .unwrap_or_else(|| config.group.name.clone()),
        document: get("/latest/dynamic/instance-identity/document").await?,
        signature: get("/latest/dynamic/instance-identity/pkcs7").await?,
        rsa2048: optional("/latest/dynamic/instance-identity/rsa2048").await?,
    })
}
