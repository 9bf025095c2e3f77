//! How a VPC's range is divided, so that a zone that is added later moves no other.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;

/// The subnets' ranges by zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subnets {
    pub private: BTreeMap<String, String>,
    pub public: BTreeMap<String, String>,
}

/// Prefix bits below the VPC's: eighths, of which the first six are private subnets and the last
/// is divided again for the public ones.
const EIGHTH: u8 = 3;

/// Divides the range: zone n has the n-th eighth, and of the last eighth the n-th eighth.
#[must_use]
pub fn divide(cidr_block: Ipv4Net, zones: &[String]) -> Subnets {
    let eighths = parts(cidr_block);
    let for_public = eighths.last().copied().map(parts).unwrap_or_default();
    Subnets {
        private: by_zone(zones, &eighths),
        public: by_zone(zones, &for_public),
    }
}

fn parts(range: Ipv4Net) -> Vec<Ipv4Net> {
    let length = (range.prefix_len() + EIGHTH).min(32);
    range
        .subnets(length)
        .map(Iterator::collect)
        .unwrap_or_default()
}

fn by_zone(zones: &[String], ranges: &[Ipv4Net]) -> BTreeMap<String, String> {
    zones
        .iter()
        .cloned()
        .zip(ranges.iter().map(ToString::to_string))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::regions::MAX_ZONES;

    fn zones(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("zone-{number}")).collect()
    }

    #[test]
    fn ranges_are_disjoint_and_inside() {
        for prefix in ["10.40.0.0/16", "10.0.0.0/22", "192.168.0.0/20"] {
            let vpc: Ipv4Net = prefix.parse().expect("a range");
            let subnets = divide(vpc, &zones(MAX_ZONES));
            let ranges: Vec<Ipv4Net> = subnets
                .private
                .values()
                .chain(subnets.public.values())
                .map(|range| range.parse().expect("a range"))
                .collect();
            assert_eq!(ranges.len(), 2 * MAX_ZONES);
            for (index, range) in ranges.iter().enumerate() {
                assert!(vpc.contains(range), "{range} is in {vpc}");
                assert!(range.prefix_len() <= 28, "AWS allows {range}");
                for other in &ranges[..index] {
                    assert!(!range.contains(other) && !other.contains(range));
                }
            }
        }
    }

    #[test]
    fn another_zone_moves_none() {
        let vpc: Ipv4Net = "10.40.0.0/16".parse().expect("a range");
        let (few, more) = (divide(vpc, &zones(2)), divide(vpc, &zones(5)));
        for (zone, range) in &few.private {
            assert_eq!(more.private.get(zone), Some(range));
        }
    }
}
