//! What volumes and NAT gateways cost in each region, as far as that is known.
//!
//! The prices of volumes are those of AWS's page on EBS of [`VOLUMES_AS_OF`], as the Swift application aws-console has them;
//! the price lists of af-south-1 of 2024-07-05 and of ap-northeast-1 of 2026-09-10 have the same. Those of NAT gateways are
//! AWS's page on VPC, as cloudlint has them; a bill of ap-southeast-1 of May 2025 and the price list of eu-west-1 of 2026 have
//! the same, and in both a gigabyte costs what an hour does. A region that is missing here is none whose price is
//! us-east-1's: its price is unknown.

/// The day of the prices of volumes.
pub const VOLUMES_AS_OF: &str = "2021-07-14";

/// US dollars of gp3 for a GiB and for an operation per second above those included, each for a month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolumePrices {
    pub gibibyte: f64,
    pub iops: f64,
}

/// Region, GiB, operation per second; sorted by region.
const VOLUMES: &[(&str, f64, f64)] = &[
    ("af-south-1", 0.1047, 0.0065),
    ("ap-east-1", 0.1056, 0.0066),
    ("ap-northeast-1", 0.096, 0.006),
    ("ap-northeast-2", 0.0912, 0.0057),
    ("ap-northeast-3", 0.096, 0.006),
    ("ap-south-1", 0.0912, 0.0057),
    ("ap-southeast-1", 0.096, 0.006),
    ("ap-southeast-2", 0.096, 0.006),
    ("ca-central-1", 0.088, 0.0055),
    ("eu-central-1", 0.0952, 0.006),
    ("eu-north-1", 0.0836, 0.0052),
    ("eu-south-1", 0.0924, 0.0058),
    ("eu-west-1", 0.088, 0.0055),
    ("eu-west-2", 0.0928, 0.0058),
    ("eu-west-3", 0.0928, 0.0058),
    ("me-south-1", 0.0968, 0.0061),
    ("sa-east-1", 0.152, 0.0095),
    ("us-east-1", 0.08, 0.005),
    ("us-east-2", 0.08, 0.005),
    ("us-west-1", 0.096, 0.006),
    ("us-west-2", 0.08, 0.005),
];

/// Region and US dollars for an hour, and for a gigabyte that goes through; sorted by region.
const NAT_GATEWAYS: &[(&str, f64)] = &[
    ("ap-east-1", 0.065),
    ("ap-northeast-1", 0.062),
    ("ap-northeast-2", 0.059),
    ("ap-northeast-3", 0.062),
    ("ap-south-1", 0.056),
    ("ap-southeast-1", 0.059),
    ("ap-southeast-2", 0.059),
    ("ca-central-1", 0.05),
    ("eu-central-1", 0.052),
    ("eu-north-1", 0.046),
    ("eu-west-1", 0.048),
    ("eu-west-2", 0.05),
    ("eu-west-3", 0.05),
    ("me-south-1", 0.0528),
    ("sa-east-1", 0.093),
    ("us-east-1", 0.045),
    ("us-east-2", 0.045),
    ("us-gov-east-1", 0.054),
    ("us-gov-west-1", 0.054),
    ("us-west-1", 0.048),
    ("us-west-2", 0.045),
];

/// The prices of gp3 in a region; `None` where they are unknown.
#[must_use]
pub fn volume(region: &str) -> Option<VolumePrices> {
    let index = VOLUMES
        .binary_search_by(|(name, ..)| (*name).cmp(region))
        .ok()?;
    let (_, gibibyte, iops) = VOLUMES[index];
    Some(VolumePrices { gibibyte, iops })
}

/// US dollars for an hour of a NAT gateway, and for a gigabyte through it; `None` where the price is unknown.
#[must_use]
pub fn nat_gateway(region: &str) -> Option<f64> {
    let index = NAT_GATEWAYS
        .binary_search_by(|(name, _)| (*name).cmp(region))
        .ok()?;
    Some(NAT_GATEWAYS[index].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::regions;

    #[test]
    fn every_region_is_one_and_is_found() {
        for (region, ..) in VOLUMES {
            assert!(regions::find(region).is_some(), "{region}");
            assert!(volume(region).is_some(), "{region} is out of order");
        }
        for (region, _) in NAT_GATEWAYS {
            assert!(regions::find(region).is_some(), "{region}");
            assert!(nat_gateway(region).is_some(), "{region} is out of order");
        }
    }

    /// One that is not known has no price: not the next one's, and not us-east-1's.
    #[test]
    fn an_unknown_region_has_no_price() {
        assert_eq!(volume("eu-south-2"), None);
        assert_eq!(volume("us-gov-west-1"), None);
        assert_eq!(nat_gateway("af-south-1"), None);
    }
}
