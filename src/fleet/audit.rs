//! `[audit]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Account-wide services, rendered to a root module of their own.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccountServices {
    /// A record of every API call, in all regions, validated and encrypted.
    pub cloudtrail: bool,

    /// Threat detection by GuardDuty.
    pub guardduty: bool,

    /// Vulnerability scanning of the instances by Amazon Inspector.
    pub inspector: bool,
}

impl Default for AccountServices {
    fn default() -> Self {
        Self {
            cloudtrail: true,
            guardduty: true,
            inspector: true,
        }
    }
}
