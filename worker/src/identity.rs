//! Who this instance is, by the metadata service.

use valet_protocol::Config;

use crate::aws::Aws;
use crate::error::AgentError;
use crate::metadata::Metadata;

/// Who this instance is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub instance_id: String,
    pub instance_type: String,
    /// The availability zone.
    pub zone: String,
    /// `spot`, `on-demand`, `scheduled` or `capacity-block`.
    pub lifecycle: String,
    /// The Auto Scaling group: the instance's tag where the launch template shows tags, else the
    /// configuration's.
    pub group: String,
    /// The instance identity document and AWS's signature of it (PKCS #7), by which the Valet API
    /// can tell this instance from one that only knows the key.
    pub document: String,
    pub signature: String,
    /// The document with AWS's signature by RSA 2048 and SHA-256 (PKCS #7), by which the instance enrols with
    /// a control plane. Nothing where the metadata service has none.
    pub rsa2048: Option<String>,
}

/// The group's tag, which EC2 Auto Scaling sets and nobody else can.
const GROUP_TAG: &str = "/latest/meta-data/tags/instance/aws:autoscaling:groupName";

/// Reads it from the metadata service.
///
/// # Errors
///
/// What it did not answer, and why.
pub async fn learn(config: &Config, aws: &Aws) -> Result<Identity, AgentError> {
    let get = async |path: &str| {
        required(&aws.metadata, path).await.map_err(|error| {
            AgentError::new(format!(
                "the metadata service does not return {path}: {error}"
            ))
        })
    };
    Ok(Identity {
        instance_id: get("/latest/meta-data/instance-id").await?,
        instance_type: get("/latest/meta-data/instance-type").await?,
        zone: get("/latest/meta-data/placement/availability-zone").await?,
        lifecycle: get("/latest/meta-data/instance-life-cycle").await?,
        group: aws
            .metadata
            .optional(GROUP_TAG)
            .await
            .map_err(AgentError::new)?
            .unwrap_or_else(|| config.group.name.clone()),
        document: get("/latest/dynamic/instance-identity/document").await?,
        signature: get("/latest/dynamic/instance-identity/pkcs7").await?,
        rsa2048: aws
            .metadata
            .optional("/latest/dynamic/instance-identity/rsa2048")
            .await
            .map_err(AgentError::new)?,
    })
}

async fn required(metadata: &Metadata, path: &str) -> Result<String, String> {
    match metadata.optional(path).await {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err("404".to_owned()),
        Err(error) => Err(error),
    }
}
