//! `[instances]`

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fleet::{CpuCredits, SpotAllocationStrategy};
use crate::{derive, fleet};

/// The instances that the group launches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Instances {
    pub architecture: fleet::Architecture,
    pub on_demand_base_capacity: u32,
    pub on_demand_percentage_above_base_capacity: u32,
    pub spot_allocation_strategy: SpotAllocationStrategy,
    pub capacity_rebalance: bool,
    pub max_instance_lifetime_seconds: u32,
    pub cpu_credits: CpuCredits,
    /// In order of preference.
    pub types: Vec<GroupInstanceType>,
    /// The launch templates by name, each with its CPU credits; only burstable types have any.
    pub templates: BTreeMap<&'static str, Option<CpuCredits>>,
    /// The launch template that overrides use unless they say otherwise.
    pub default_template: &'static str,
    /// Whether capacity units are something else than instances.
    pub weighted: bool,
    /// Browsers of one capacity unit.
    pub slots_per_unit: u32,
    /// Browsers of the largest type.
    pub largest_slots: u32,
    pub http_put_response_hop_limit: u32,
    /// Whether that limit lets containers on the host read the metadata.
    pub containers_read_metadata: bool,
    pub root_volume: RootVolume,
    /// Volumes besides it, in the order of fleet.toml.
    pub volumes: Vec<DataVolume>,
    /// Where volumes are mounted, in the order of fleet.toml.
    pub mounts: Vec<Mount>,
    /// Parts of user data besides the fleet's own.
    pub user_data: Vec<UserDataPart>,
}

/// One instance type that the group may launch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupInstanceType {
    pub instance_type: String,
    pub burstable: bool,
    /// The launch template of this type, where it is not the default one.
    pub own_template: Option<&'static str>,
    /// Browsers that run on it at once.
    pub slots: u32,
    /// Capacity units that it counts for.
    pub weight: u32,
    /// US dollars per hour on demand in the fleet's region, where that is known.
    pub usd_per_hour: Option<f64>,
    /// Spot price as a fraction of that.
    pub spot_price_ratio: f64,
}

/// The root volume of every instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RootVolume {
    pub volume_type: fleet::VolumeType,
    /// In GiB.
    pub volume_size: u32,
    pub iops: Option<u32>,
    /// In MiB per second.
    pub throughput: Option<u32>,
    /// The ARN of a key that is not the fleet's own.
    pub kms_key: Option<String>,
}

/// A volume of every instance besides the root volume.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DataVolume {
    pub device_name: String,
    pub volume_type: fleet::VolumeType,
    /// In GiB.
    pub volume_size: u32,
    pub iops: Option<u32>,
    /// In MiB per second.
    pub throughput: Option<u32>,
}

/// Where a volume is mounted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mount {
    pub device_name: String,
    pub folder: String,
}

/// A part of user data besides the fleet's own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UserDataPart {
    /// Whether it is a cloud-config, which cloud-init merges with the fleet's.
    pub is_cloud_config: bool,
    pub text: String,
}

const BURSTABLE: &str = "burstable";
const FIXED: &str = "fixed";

const SECONDS_PER_DAY: u32 = 86_400;

pub fn resolve(fleet: &fleet::Fleet) -> Instances {
    let (cost, declared) = (&fleet.cost, &fleet.instance_types);
    let fleet::Instances {
        architecture,
        on_demand_base_capacity,
        on_demand_percentage_above_base_capacity,
        spot_allocation_strategy,
        capacity_rebalance,
        max_instance_lifetime_days,
        cpu_credits,
        types,
        // Tokens are always required; a rule refuses anything else.
        metadata_options:
            fleet::MetadataOptions {
                http_tokens: _,
                http_put_response_hop_limit,
            },
        root_volume,
        volumes,
        user_data,
        capacity: _,
    } = &fleet.instances;
    let all_slots = derive::instances::all_slots(fleet);
    let slots_per_unit = derive::instances::slots_per_unit(&all_slots);
    let facts: Vec<_> = types
        .iter()
        .map(|choice| derive::instances::facts(&choice.instance_type, declared))
        .collect();
    let is_burstable = |index: usize| facts[index].as_ref().is_some_and(|facts| facts.burstable);
    let has_burstable = (0..types.len()).any(is_burstable);
    let has_fixed = !(0..types.len()).all(is_burstable);
    let default_template = if has_fixed { FIXED } else { BURSTABLE };
    let types: Vec<GroupInstanceType> = types
        .iter()
        .enumerate()
        .map(|(index, choice)| {
            let fleet::InstanceTypeOverride {
                instance_type,
                slots: _,
                weight: _,
                usd_per_hour: _,
                spot_price_ratio: _,
            } = choice;
            let burstable = is_burstable(index);
            let template = if burstable { BURSTABLE } else { FIXED };
            GroupInstanceType {
                instance_type: instance_type.clone(),
                burstable,
                own_template: (template != default_template).then_some(template),
                slots: all_slots[index],
                weight: derive::instances::weight(choice, all_slots[index], slots_per_unit),
                usd_per_hour: derive::instances::usd_per_hour(
                    choice,
                    declared,
                    &fleet.identity.region,
                ),
                spot_price_ratio: derive::instances::spot_price_ratio(choice, cost),
            }
        })
        .collect();
    Instances {
        architecture: *architecture,
        on_demand_base_capacity: on_demand_base_capacity.get(),
        on_demand_percentage_above_base_capacity: on_demand_percentage_above_base_capacity.get(),
        spot_allocation_strategy: *spot_allocation_strategy,
        capacity_rebalance: *capacity_rebalance,
        max_instance_lifetime_seconds: max_instance_lifetime_days.get() * SECONDS_PER_DAY,
        cpu_credits: *cpu_credits,
        templates: templates(has_burstable, has_fixed, *cpu_credits),
        default_template,
        weighted: types.iter().any(|choice| choice.weight > 1),
        slots_per_unit,
        largest_slots: derive::instances::largest_slots(&all_slots),
        http_put_response_hop_limit: http_put_response_hop_limit.get(),
        containers_read_metadata: derive::instances::containers_read_metadata(
            http_put_response_hop_limit.get(),
        ),
        root_volume: resolve_root_volume(root_volume, &fleet.encryption),
        volumes: volumes.iter().map(resolve_data_volume).collect(),
        mounts: mounts(volumes),
        user_data: user_data.iter().map(|text| user_data_part(text)).collect(),
        types,
    }
}

fn templates(
    has_burstable: bool,
    has_fixed: bool,
    cpu_credits: CpuCredits,
) -> BTreeMap<&'static str, Option<CpuCredits>> {
    let burstable = has_burstable.then_some((BURSTABLE, Some(cpu_credits)));
    let fixed = has_fixed.then_some((FIXED, None));
    burstable.into_iter().chain(fixed).collect()
}

fn resolve_root_volume(
    root_volume: &fleet::RootVolume,
    encryption: &fleet::Encryption,
) -> RootVolume {
    let fleet::RootVolume {
        volume_type,
        volume_size,
        // It always is; a rule refuses anything else.
        encrypted: _,
        iops,
        throughput,
        kms_key: _,
    } = root_volume;
    RootVolume {
        volume_type: *volume_type,
        volume_size: volume_size.get(),
        iops: iops.map(fleet::Bounded::get),
        throughput: throughput.map(fleet::Bounded::get),
        kms_key: derive::instances::foreign_key(root_volume)
            .or(derive::instances::existing_key(encryption))
            .map(str::to_owned),
    }
}

fn resolve_data_volume(volume: &fleet::DataVolume) -> DataVolume {
    let fleet::DataVolume {
        device_name,
        volume_type,
        volume_size,
        // It always is; a rule refuses anything else.
        encrypted: _,
        iops,
        throughput,
        // In the user data.
        mount: _,
    } = volume;
    DataVolume {
        device_name: device_name.clone(),
        volume_type: *volume_type,
        volume_size: volume_size.get(),
        iops: iops.map(fleet::Bounded::get),
        throughput: throughput.map(fleet::Bounded::get),
    }
}

fn mounts(volumes: &[fleet::DataVolume]) -> Vec<Mount> {
    let mounts = volumes.iter().filter_map(|volume| {
        Some(Mount {
            device_name: volume.device_name.clone(),
            folder: volume.mount.clone()?,
        })
    });
    mounts.collect()
}

fn user_data_part(text: &str) -> UserDataPart {
    UserDataPart {
        is_cloud_config: derive::user_data::kind(text)
            == Some(derive::user_data::PartKind::CloudConfig),
        text: derive::user_data::unix_lines(text),
    }
}
