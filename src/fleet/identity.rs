//! `[fleet]`

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the fleet is called, where it stands and how its resources are tagged.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The prefix of every resource's name, followed by the environment's name.
    ///
    /// Lower-case letters, digits and hyphens, beginning with a letter. Secrets live under
    /// `/<name>/<environment>/`.
    pub name: String,

    /// The AWS region of every resource, such as `"us-east-1"`.
    pub region: String,

    /// Tags of every resource, besides `Name`, `Fleet`, `Environment` and `ManagedBy`.
    ///
    /// AWS allows 50 tags on a resource, keys of 128 and values of 256 characters, and keeps keys
    /// that begin with `aws:` for itself.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}
