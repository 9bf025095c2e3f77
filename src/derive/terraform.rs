//! Versions and state of the root modules.

use crate::fleet::{Identity, S3Backend};

/// What stands in `terraform.backend.key` for the name of the environment.
pub const ENVIRONMENT_PLACEHOLDER: &str = "{environment}";

/// A program's versions that the rendered modules work with.
#[derive(Clone, Copy, Debug)]
pub struct SupportedVersions {
    /// The oldest version.
    pub oldest: [u64; 3],
    /// The first and the last major version.
    pub majors: (u64, u64),
}

/// Terraform: write-only arguments, which keep the placeholders of secrets out of the state, came
/// with 1.11.
pub const TERRAFORM: SupportedVersions = SupportedVersions {
    oldest: [1, 11, 0],
    majors: (1, 1),
};

/// The AWS provider: the write-only arguments that the modules use came with 5.90.
pub const AWS_PROVIDER: SupportedVersions = SupportedVersions {
    oldest: [5, 90, 0],
    majors: (5, 6),
};

impl SupportedVersions {
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

/// Releases of the AWS provider that break what is rendered: 6.32.0 fails when it creates a group, 6.35.0 and 6.42.0 refuse
/// configurations that the releases beside them accept (the provider's changelogs of 6.32.1, 6.35.1 and 6.43.0).
pub const BROKEN_PROVIDERS: [&str; 3] = ["6.32.0", "6.35.0", "6.42.0"];

/// Minor releases of a provider's major version that are better passed over, and why (the provider's changelogs).
#[derive(Clone, Copy, Debug)]
pub struct DiscouragedVersions {
    pub major: u64,
    pub first: u64,
    pub last: u64,
    pub reason: &'static str,
}

pub const DISCOURAGED_PROVIDERS: &[DiscouragedVersions] = &[
    DiscouragedVersions {
        major: 6,
        first: 0,
        last: 16,
        reason: "6.0 to 6.16 fail with errors about resource identities",
    },
    DiscouragedVersions {
        major: 6,
        first: 22,
        last: 39,
        reason: "6.22 to 6.39 show a difference in the encryption of buckets on every plan",
    },
    DiscouragedVersions {
        major: 6,
        first: 45,
        last: 49,
        reason: "6.45 to 6.49 replace versions of secrets instead of updating them",
    },
];

/// The constraint on the AWS provider: what fleet.toml says, without the releases that are known to be broken. One exact
/// version stays alone.
#[must_use]
pub fn aws_provider(declared: &str) -> String {
    let is_range = declared.contains(['<', '>', ',']);
    let excluded = BROKEN_PROVIDERS.iter().filter(|_| is_range);
    excluded.fold(declared.to_owned(), |constraint, version| {
        format!("{constraint}, != {version}")
    })
}

/// The object that holds the state of a root module.
#[must_use]
pub fn backend_key(backend: &S3Backend, identity: &Identity, module: &str) -> String {
    match &backend.key {
        Some(key) => key.replace(ENVIRONMENT_PLACEHOLDER, module),
        None => format!("{}/{module}/terraform.tfstate", identity.name),
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
