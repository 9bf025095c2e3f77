//! Versions and state of the root modules.

use crate::fleet::{Identity, S3Backend};

/// A program's versions that the rendered modules work with.
#[derive(Clone, Copy, Debug)]
pub struct Supported {
    /// The oldest version.
    pub oldest: [u64; 3],
    /// The first and the last major version.
    pub majors: (u64, u64),
}

/// Terraform: write-only arguments, which keep the placeholders of secrets out of the state, came
/// with 1.11.
pub const TERRAFORM: Supported = Supported {
    oldest: [1, 11, 0],
    majors: (1, 1),
};

/// The AWS provider: the write-only arguments that the modules use came with 5.90.
pub const AWS_PROVIDER: Supported = Supported {
    oldest: [5, 90, 0],
    majors: (5, 6),
};

impl Supported {
    /// The oldest version as a constraint, such as `>= 1.11`.
    #[must_use]
    pub fn constraint(&self) -> String {
        let [major, minor, _] = self.oldest;
        format!(">= {major}.{minor}")
    }
}

/// The constraint on Terraform's version: what fleet.toml says, and what the modules need.
#[must_use]
pub fn required_version(declared: &str) -> String {
    let needed = TERRAFORM.constraint();
    if declared == needed {
        needed
    } else {
        format!("{declared}, {needed}")
    }
}

/// The region of the state's bucket: the fleet's own, unless fleet.toml names another.
#[must_use]
pub fn backend_region(backend: &S3Backend, identity: &Identity) -> String {
    backend
        .region
        .clone()
        .unwrap_or_else(|| identity.region.clone())
}
