//! How a VPC's range is divided: by the letters of the zones, so that a zone keeps its ranges whatever zones stand beside
//! it and in whatever order.

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

/// Divides the range: zone `a` has the first eighth, and of the last eighth the first eighth, and so on.
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
        .filter_map(|zone| Some((zone.clone(), ranges.get(place(zone)?)?.to_string())))
        .collect()
}

/// The place of a zone in its region: 0 for `us-east-1a`.
fn place(zone: &str) -> Option<usize> {
    let letter = zone.bytes().next_back().filter(u8::is_ascii_lowercase)?;
    Some(usize::from(letter - b'a'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::regions::MAX_ZONES;

    fn zones(letters: &str) -> Vec<String> {
        let zone = |letter| format!("us-east-1{letter}");
        letters.chars().map(zone).collect()
    }

    #[test]
    fn ranges_are_disjoint_and_inside() {
        for prefix in ["10.40.0.0/16", "10.0.0.0/22", "192.168.0.0/20"] {
            let vpc: Ipv4Net = prefix.parse().expect("a range");
            let subnets = divide(vpc, &zones("abcdef"));
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
    fn a_zone_keeps_its_ranges_whatever_stands_beside_it() {
        let vpc: Ipv4Net = "10.40.0.0/16".parse().expect("a range");
        let all = divide(vpc, &zones("abcdef"));
        assert_eq!(all.private["us-east-1c"], "10.40.64.0/19");
        assert_eq!(all.public["us-east-1c"], "10.40.232.0/22");
        for letters in ["a", "ac", "ca", "bdf", "fedcba"] {
            let some = divide(vpc, &zones(letters));
            assert_eq!(some.private.len(), letters.len());
            for (zone, range) in &some.private {
                assert_eq!(all.private.get(zone), Some(range), "{letters}");
            }
            for (zone, range) in &some.public {
                assert_eq!(all.public.get(zone), Some(range), "{letters}");
            }
        }
    }
}
