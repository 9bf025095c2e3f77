//! One image.

use serde::{Deserialize, Serialize};

use crate::ids::{AmiId, Commit, Name, Sha256, SnapshotId};

/// An image that one environment launches in one region.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LockedImage {
    /// The image.
    pub ami: AmiId,
    /// The image's name in EC2.
    pub name: Name,
    /// The snapshots behind it, sorted.
    pub snapshots: Vec<SnapshotId>,
    /// The image that it was made from.
    pub source_ami: AmiId,
    /// The bake that made it. The same bake id is in its tags.
    pub bake_id: Name,
    /// The commit of the repository that holds fleet.toml; none where there is no repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// The digest of the rendered image files: what fleet.toml makes of the image.
    pub config_sha256: Sha256,
    /// The digest of the agent in it.
    pub agent_sha256: Sha256,
    /// The digest of the whole payload bundle.
    pub bundle_sha256: Sha256,
    /// The digest of its bill of materials.
    pub sbom_sha256: Sha256,
    pub builder: Builder,
    pub status: Status,
    /// What its checks came to.
    pub checks: ChecksSummary,
    /// What the environment launched before: what a rollback goes back to. It has no `previous` of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Box<LockedImage>>,
}

/// What made an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Builder {
    ImageBuilder,
    Packer,
}

/// How far an image has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is baked, and its checks passed on an instance of it.
    Verified,
    /// Somebody promoted it to the environment.
    Promoted,
}

/// How many checks of verify.sh came to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ChecksSummary {
    pub passed: u32,
    pub failed: u32,
    pub skipped: u32,
}
