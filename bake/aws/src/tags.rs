//! The tags by which images, snapshots and everything else of a bake are found.

/// The bake that made it: every resource of a bake has it from its creation on.
pub const BAKE_ID: &str = "valet:bake-id";
/// SHA-256 of the rendered files that go into the image.
pub const CONFIG_DIGEST: &str = "valet:config-digest";
/// The commit that the rendered files were taken from.
pub const GIT_COMMIT: &str = "valet:git-commit";
/// SHA-256 of the agent in the payload.
pub const WORKER_SHA256: &str = "valet:worker-sha256";
/// SHA-256 of the bundle.
pub const BUNDLE_SHA256: &str = "valet:bundle-sha256";
/// SHA-256 of the bill of materials.
pub const SBOM_SHA256: &str = "valet:sbom-sha256";
/// The image that it was made from.
pub const SOURCE_AMI: &str = "valet:source-ami";
/// What verify.sh came to: `<passed>/<failed>/<skipped>`.
pub const CHECKS: &str = "valet:checks";
/// How far the image has come: one of the values below.
pub const STATUS: &str = "valet:status";

/// It is being made, or was left half-made.
pub const BUILDING: &str = "building";
/// It is whole, its checks passed, and its attributes were read back.
pub const VERIFIED: &str = "verified";
/// An environment launches it, or did.
pub const PROMOTED: &str = "promoted";

/// Whether an image with this status is whole.
#[must_use]
pub fn is_whole(status: &str) -> bool {
    matches!(status, VERIFIED | PROMOTED)
}
