//! What an instance is: its slots, its weight, its volume, and who may read its metadata.

use std::collections::BTreeMap;

use crate::catalog::instance_types::{self, InstanceType};
use crate::catalog::regional;
use crate::fleet::{
    Bounded, Cost, DeclaredInstanceType, Encryption, Fleet, InstanceTypeOverride, RootVolume,
    VolumeIops,
};

/// Types that fleet.toml declares, by their names.
pub type DeclaredTypes = BTreeMap<String, DeclaredInstanceType>;

/// What a type offers: the catalogue's facts, or what fleet.toml says of a newer type.
#[must_use]
pub fn facts(name: &str, declared: &DeclaredTypes) -> Option<InstanceType> {
    instance_types::find(name).or_else(|| {
        let declared = declared.get(name)?;
        Some(InstanceType::declared(name, declared))
    })
}

/// Browsers that run on a type: what fleet.toml says, or what the capacity model gives. Zero when
/// the type is unknown or too small.
#[must_use]
pub fn slots(choice: &InstanceTypeOverride, fleet: &Fleet) -> u32 {
    if let Some(slots) = choice.slots {
        return slots.get();
    }
    let capacity = &fleet.instances.capacity;
    facts(&choice.instance_type, &fleet.instance_types).map_or(0, |facts| facts.browsers(capacity))
}

/// Whether any type is burstable.
#[must_use]
pub fn has_burstable(fleet: &Fleet) -> bool {
    let is_burstable = |choice: &InstanceTypeOverride| {
        facts(&choice.instance_type, &fleet.instance_types).is_some_and(|facts| facts.burstable)
    };
    fleet.instances.types.iter().any(is_burstable)
}

/// The slots of every type, in the order of fleet.toml.
#[must_use]
pub fn all_slots(fleet: &Fleet) -> Vec<u32> {
    let types = fleet.instances.types.iter();
    types.map(|choice| slots(choice, fleet)).collect()
}

/// Browsers of one capacity unit: those of the type with the fewest, and at least one.
#[must_use]
pub fn slots_per_unit(all_slots: &[u32]) -> u32 {
    all_slots.iter().copied().min().unwrap_or(1).max(1)
}

/// Capacity units that an instance of a type counts for.
#[must_use]
pub fn weight(choice: &InstanceTypeOverride, slots: u32, slots_per_unit: u32) -> u32 {
    choice.weight.map_or(slots / slots_per_unit, Bounded::get)
}

/// Browsers of the largest type.
#[must_use]
pub fn largest_slots(all_slots: &[u32]) -> u32 {
    all_slots.iter().copied().max().unwrap_or(1)
}

/// US dollars per hour of a type on demand; `None` where neither fleet.toml nor the catalogue has its price in the region.
#[must_use]
pub fn usd_per_hour(
    choice: &InstanceTypeOverride,
    declared: &DeclaredTypes,
    region: &str,
) -> Option<f64> {
    let of_type = || declared.get(&choice.instance_type)?.usd_per_hour;
    match choice.usd_per_hour.or_else(of_type) {
        Some(price) => Some(price.get()),
        None => regional::on_demand(&choice.instance_type, region),
    }
}

/// The spot price of a type as a fraction of its on-demand price.
#[must_use]
pub fn spot_price_ratio(choice: &InstanceTypeOverride, cost: &Cost) -> f64 {
    choice
        .spot_price_ratio
        .unwrap_or(cost.spot_price_ratio)
        .get()
}

/// Hops of the metadata service's answers at which a container on the host gets them too.
pub const HOPS_TO_CONTAINERS: u32 = 2;

/// Whether containers on the host read the metadata.
#[must_use]
pub fn containers_read_metadata(hops: u32) -> bool {
    hops >= HOPS_TO_CONTAINERS
}

/// The word for the fleet's own key in `root_volume.kms_key`.
pub const OWN_KEY: &str = "managed";

/// The ARN of the key of the root volume, where it is not the fleet's own key.
#[must_use]
pub fn foreign_key(volume: &RootVolume) -> Option<&str> {
    (volume.kms_key != OWN_KEY).then_some(volume.kms_key.as_str())
}

/// The ARN of the key of everything else, where it is an existing one.
#[must_use]
pub fn existing_key(encryption: &Encryption) -> Option<&str> {
    (encryption.kms_key != OWN_KEY).then_some(encryption.kms_key.as_str())
}

/// IOPS that every gp3 volume has (EBS user guide, gp3).
pub const BASE_IOPS: u32 = 3000;

/// IOPS of a gp3 volume.
#[must_use]
pub fn iops(declared: Option<VolumeIops>) -> u32 {
    declared.map_or(BASE_IOPS, Bounded::get)
}
