//! What an instance type costs on demand, region by region, as far as that is known.
//!
//! Facts of AWS's price list for Linux on shared tenancy as of [`PRICES_AS_OF`], by the tables that
//! karpenter-provider-aws generates from it. It has us-east-1 and the regions of GovCloud. A price of
//! another region is never taken in place of one that is not here.
//!
//! [`PRICES_AS_OF`]: super::instance_types::PRICES_AS_OF

use std::sync::LazyLock;

use super::instance_types::{self, PRICES_REGION};

const GOV_CLOUD: &str = include_str!("data/prices_us_gov.txt");

/// The columns of the list.
const GOV_CLOUD_REGIONS: [&str; 2] = ["us-gov-east-1", "us-gov-west-1"];

/// The list's lines in the order of their names.
static LINES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let lines = GOV_CLOUD.lines();
    lines.filter(|line| !line.starts_with('#')).collect()
});

/// US dollars per hour; `None` where the lists have no price of this type in this region.
#[must_use]
pub fn on_demand(instance_type: &str, region: &str) -> Option<f64> {
    if region == PRICES_REGION {
        return instance_types::find(instance_type).map(|facts| facts.usd_per_hour);
    }
    let column = GOV_CLOUD_REGIONS.iter().position(|name| *name == region)?;
    let name_of = |line: &'static str| line.split(' ').next().unwrap_or(line);
    let index = LINES
        .binary_search_by(|line| name_of(line).cmp(instance_type))
        .ok()?;
    LINES[index].split(' ').nth(column + 1)?.parse().ok()
}

/// The regions that have prices.
#[must_use]
pub fn regions() -> Vec<&'static str> {
    let mut regions = vec![PRICES_REGION];
    regions.extend(GOV_CLOUD_REGIONS);
    regions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_of_its_region_or_unknown() {
        let of = |region| on_demand("m7i.large", region);
        assert_eq!(of("us-east-1"), Some(0.1008));
        assert!(of("us-gov-west-1").is_some_and(|price| price > 0.1008));
        assert_eq!(of("eu-central-1"), None);
        assert_eq!(on_demand("c1.medium", "us-gov-east-1"), None);
        assert_eq!(on_demand("m9x.large", "us-east-1"), None);
    }

    #[test]
    fn every_line_is_found_by_its_name() {
        for line in LINES.iter() {
            let name = line.split(' ').next().expect("a name");
            let found = GOV_CLOUD_REGIONS.map(|region| on_demand(name, region));
            assert!(found.iter().any(Option::is_some), "{line}");
            assert!(instance_types::find(name).is_some(), "{line}");
        }
    }
}
