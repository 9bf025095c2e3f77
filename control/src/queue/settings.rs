//! `[hatchet]` and `[fleets.queue]` of control.toml.

use std::path::PathBuf;

use serde::Deserialize;

/// How Hatchet is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HatchetSettings {
    /// A file with the token, which is read again each time. Without it the token is in `HATCHET_CLIENT_TOKEN`, and without
    /// that Hatchet is not asked. Relative to control.toml.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
}

/// What is published of a fleet's queue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueSettings {
    /// The namespace of the fleet's metrics in CloudWatch, as its agents have it.
    pub namespace: String,
    /// Hatchet's names of the tasks that the fleet runs, as its agents have them.
    pub tasks: Vec<String>,
}
