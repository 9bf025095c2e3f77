//! `[instance_types]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Architecture, Bounded, Quantity};

/// What EC2 says of an instance type that is newer than the generator's catalogue.
///
/// `aws ec2 describe-instance-types --instance-types m9x.large` prints all of it but the price.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredInstanceType {
    /// Its vCPUs: `VCpuInfo.DefaultVCpus`.
    pub vcpus: Bounded<1, 2048>,

    /// Its memory in MiB: `MemoryInfo.SizeInMiB`.
    pub memory_mib: Bounded<512, 67_108_864>,

    /// The architecture of the images that it runs.
    pub architecture: Architecture,

    /// Whether it earns and spends CPU credits: `BurstablePerformanceSupported`.
    #[serde(default)]
    pub burstable: bool,

    /// Whether it is offered as spot: `SupportedUsageClasses`.
    #[serde(default = "DeclaredInstanceType::spot_default")]
    pub spot: bool,

    /// Its price on demand in the fleet's region, in US dollars per hour; unknown when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_hour: Option<Quantity>,
}

impl DeclaredInstanceType {
    fn spot_default() -> bool {
        true
    }
}
