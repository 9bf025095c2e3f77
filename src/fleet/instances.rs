//! `[instances]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bounded, DataVolume, Percent, Quantity, Ratio, VolumeIops, VolumeThroughput};

/// Which EC2 instances the workers run on.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Instances {
    /// The processor architecture of every instance and of the image.
    pub architecture: Architecture,

    /// Capacity units that are always on-demand instances.
    pub on_demand_base_capacity: Bounded<0, 10000>,

    /// Share of on-demand instances above the base, in percent; the other instances are spot.
    pub on_demand_percentage_above_base_capacity: Percent,

    /// How EC2 Auto Scaling chooses among spot pools.
    pub spot_allocation_strategy: SpotAllocationStrategy,

    /// Whether a spot instance at risk is replaced before it is interrupted.
    pub capacity_rebalance: bool,

    /// Days after which an instance is replaced, so that none drifts far from its image.
    ///
    /// EC2 Auto Scaling accepts 1 to 365 days.
    pub max_instance_lifetime_days: Bounded<1, 365>,

    /// What a burstable type does when its CPU credits are spent: slow down, or cost more.
    pub cpu_credits: CpuCredits,

    /// The instance types, in order of preference. Ten or more make spot capacity dependable.
    #[schemars(required, length(min = 1, max = 40))]
    pub types: Vec<InstanceTypeOverride>,

    /// How a process on the instance reads the instance's metadata.
    pub metadata_options: MetadataOptions,

    /// The root volume.
    pub root_volume: RootVolume,

    /// Volumes of every instance besides the root volume.
    #[schemars(length(max = 11))]
    pub volumes: Vec<DataVolume>,

    /// Parts of user data that cloud-init reads after the fleet's own. Each begins with `#cloud-config`, or with `#!` for
    /// a script that root runs once, at the instance's first start.
    ///
    /// Nothing secret belongs here: whoever may describe the instance reads it. All parts together have to fit into
    /// EC2's 16 KB.
    pub user_data: Vec<String>,

    /// How many browsers fit on a type whose `slots` are not given:
    /// floor(min((memory - reserved) / per browser, vCPUs x per vCPU)).
    pub capacity: Capacity,
}

impl Default for Instances {
    fn default() -> Self {
        Self {
            architecture: Architecture::X86_64,
            on_demand_base_capacity: Bounded::new(1),
            on_demand_percentage_above_base_capacity: Bounded::new(30),
            spot_allocation_strategy: SpotAllocationStrategy::PriceCapacityOptimized,
            capacity_rebalance: true,
            max_instance_lifetime_days: Bounded::new(14),
            cpu_credits: CpuCredits::Standard,
            types: Vec::new(),
            metadata_options: MetadataOptions::default(),
            root_volume: RootVolume::default(),
            volumes: Vec::new(),
            user_data: Vec::new(),
            capacity: Capacity::default(),
        }
    }
}

/// A processor architecture, as EC2 names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    #[serde(rename = "x86_64")]
    X86_64,
    Arm64,
}

impl Architecture {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

/// How spot pools are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpotAllocationStrategy {
    /// The pools least likely to be interrupted, and of those the cheapest.
    PriceCapacityOptimized,
    /// The pools least likely to be interrupted.
    CapacityOptimized,
    /// The same, honouring the order of `types` where it can.
    CapacityOptimizedPrioritized,
    /// The cheapest pools, however often they are interrupted.
    LowestPrice,
}

/// What a burstable type does when its CPU credits are spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CpuCredits {
    /// It slows down to its baseline. The right choice on spot.
    Standard,
    /// It goes on at full speed, and each vCPU-hour above the baseline costs extra.
    Unlimited,
}

/// One instance type that the group may launch.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceTypeOverride {
    /// The type's name, such as `"m7i.large"`. Bare metal is not supported.
    pub instance_type: String,

    /// Browsers that run on it at once; computed by `instances.capacity` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slots: Option<Bounded<1, 500>>,

    /// Capacity units that one instance counts for in `scaling`'s sizes.
    ///
    /// When left out, its slots divided by the fewest slots of any type, rounded down. EC2 Auto
    /// Scaling accepts 1 to 999.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Bounded<1, 999>>,

    /// Its price on demand in the fleet's region, in US dollars per hour, for `valet-gen cost`; the
    /// catalogue's when left out. `valet-gen cost` says where the catalogue has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_hour: Option<Quantity>,

    /// Its spot price as a fraction of its on-demand price; `cost.spot_price_ratio` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot_price_ratio: Option<Ratio>,
}

/// How a process on the instance reads the instance's metadata.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetadataOptions {
    /// Whether a session token is needed (IMDSv2).
    pub http_tokens: HttpTokens,

    /// Network hops an answer may take: 1 is the host, 2 is a container on it.
    pub http_put_response_hop_limit: Bounded<1, 64>,
}

impl Default for MetadataOptions {
    fn default() -> Self {
        Self {
            http_tokens: HttpTokens::Required,
            http_put_response_hop_limit: Bounded::new(1),
        }
    }
}

/// Whether instance metadata needs a session token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HttpTokens {
    Required,
    /// Understood so that it can be refused with a reason; not offered.
    #[schemars(skip)]
    Optional,
}

/// The root volume of every instance.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RootVolume {
    /// The kind of EBS volume.
    pub volume_type: VolumeType,

    /// Its size in GiB.
    pub volume_size: Bounded<8, 16384>,

    /// Whether it is encrypted; it has to be.
    pub encrypted: bool,

    /// Input and output operations per second, 3000 to 16000; the volume type's own when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iops: Option<VolumeIops>,

    /// Throughput in MiB per second, 125 to 1000; the volume type's own when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput: Option<VolumeThroughput>,

    /// The key that encrypts it: `"managed"` for the fleet's own, or the ARN of another.
    pub kms_key: String,
}

impl Default for RootVolume {
    fn default() -> Self {
        Self {
            volume_type: VolumeType::Gp3,
            volume_size: Bounded::new(40),
            encrypted: true,
            iops: None,
            throughput: None,
            kms_key: "managed".to_owned(),
        }
    }
}

/// A kind of EBS volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VolumeType {
    Gp3,
}

/// How many browsers fit on an instance.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Capacity {
    /// Memory of one browser in MiB. A Chromium profile takes 300 to 500.
    pub browser_memory_mib: Bounded<64, 65536>,

    /// Memory in MiB for the system, AdsPower, Xvfb and noVNC.
    pub reserved_memory_mib: Bounded<0, 1_048_576>,

    /// Browsers that one vCPU carries.
    pub browsers_per_vcpu: Quantity,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            browser_memory_mib: Bounded::new(500),
            reserved_memory_mib: Bounded::new(800),
            browsers_per_vcpu: Quantity::new(2.25),
        }
    }
}
