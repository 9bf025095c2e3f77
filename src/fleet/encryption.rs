//! `[encryption]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The key that encrypts volumes, logs, alerts, secrets and session records.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Encryption {
    /// `"managed"` for a key of the environment's own, or the ARN of an existing one.
    ///
    /// The policy of an existing key has to allow what the output `kms_key_policy` says.
    pub kms_key: String,
}

impl Default for Encryption {
    fn default() -> Self {
        Self {
            kms_key: "managed".to_owned(),
        }
    }
}
