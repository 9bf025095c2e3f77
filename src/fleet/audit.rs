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

    /// Settings of the whole account and region. None is changed unless it is asked for here.
    pub account_defaults: AccountDefaults,
}

/// Settings of the whole account and region, which everything else in the account feels too.
///
/// Each is off unless it is asked for. Only one fleet of an account and region can ask for one. A setting that is no longer
/// asked for stays as it is, and Terraform forgets it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of the account by itself"
)]
pub struct AccountDefaults {
    /// New EBS volumes are encrypted.
    pub ebs_encryption: bool,

    /// New instances that name no metadata options need a session token.
    pub imdsv2: bool,

    /// No image is shared with everybody.
    pub block_public_images: bool,

    /// No snapshot is shared with everybody.
    pub block_public_snapshots: bool,

    /// No S3 bucket of the account is public, in any region.
    pub block_public_buckets: bool,
}

impl Default for AccountServices {
    fn default() -> Self {
        Self {
            cloudtrail: true,
            guardduty: true,
            inspector: true,
            account_defaults: AccountDefaults::default(),
        }
    }
}
