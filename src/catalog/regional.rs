//! Which instance types AWS offers in each region, and what they cost on demand, as far as that is known.
//!
//! Prices of us-east-1 and GovCloud are those of AWS's price list on [`PRICES_AS_OF`], by the tables that
//! karpenter-provider-aws generates from it. Those of the other regions are of [`PRICES_ELSEWHERE_AS_OF`], by the table
//! that Apache Libcloud generates from the same list. A quarter of that table's entries are another tenancy's or zero. A
//! price was therefore taken only where two sizes of its family or more agree on the price per size, and for the other
//! sizes of such a family it is that price by their size. In the three regions that both tables have, 1,393 of the prices
//! taken like this are the price list's own, and 7 differ from it by its rounding, 0.2 % at most. Families with
//! accelerators, i4i and c4 were left out, because that comparison failed for them: it speaks better of the rest than
//! a fresh one would. About a third of the prices taken (4,136 of 12,830, before those families were left out) are made by
//! size, and outside of the three regions none was compared with the price list itself.
//!
//! Where a type is offered says `DescribeInstanceTypeOfferings` as of [`OFFERED_AS_OF`], by moto 5.2.5. A price of another
//! region is never taken in place of an unknown one.
//!
//! [`PRICES_AS_OF`]: super::instance_types::PRICES_AS_OF

use std::sync::LazyLock;

use super::instance_types::{self, PRICES_REGION};

/// The day of the prices outside of us-east-1 and GovCloud.
pub const PRICES_ELSEWHERE_AS_OF: &str = "2025-03-02";

/// The day of the list of what is offered where.
pub const OFFERED_AS_OF: &str = "2026-10-27";

const LIST: &str = include_str!("data/regions.txt");

/// The columns of the list.
static REGIONS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let heading = LIST.lines().take_while(|line| line.starts_with('#')).last();
    let heading = heading.unwrap_or_default().trim_start_matches("# ");
    heading.split(' ').collect()
});

/// The list's lines in the order of their names.
static LINES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| LIST.lines().filter(|line| !line.starts_with('#')).collect());

/// What is known of a type in a region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Offer {
    /// It is offered, at this price in US dollars per hour on demand.
    Priced(f64),
    /// It is offered, and its price is unknown.
    Unpriced,
    /// It was not offered on [`OFFERED_AS_OF`].
    None,
    Unknown,
}

/// What is known of a type in a region.
#[must_use]
pub fn offer(instance_type: &str, region: &str) -> Offer {
    if region == PRICES_REGION {
        let facts = instance_types::find(instance_type);
        let price = facts.and_then(|facts| facts.usd_per_hour);
        return price.map_or(Offer::Unknown, Offer::Priced);
    }
    let name_of = |line: &'static str| line.split(' ').next().unwrap_or(line);
    let column = REGIONS.iter().position(|name| *name == region);
    let index = LINES.binary_search_by(|line| name_of(line).cmp(instance_type));
    let (Some(column), Ok(index)) = (column, index) else {
        return Offer::Unknown;
    };
    match LINES[index].split(' ').nth(column + 1) {
        Some("+") => Offer::Unpriced,
        Some("-") => Offer::None,
        Some(price) => price.parse().map_or(Offer::Unknown, Offer::Priced),
        None => Offer::Unknown,
    }
}

/// US dollars per hour on demand; `None` where the list has no price of this type in this region.
#[must_use]
pub fn on_demand(instance_type: &str, region: &str) -> Option<f64> {
    match offer(instance_type, region) {
        Offer::Priced(price) => Some(price),
        _ => None,
    }
}

/// The day of the prices of a region.
#[must_use]
pub fn prices_as_of(region: &str) -> &'static str {
    if region == PRICES_REGION || region.starts_with("us-gov-") {
        instance_types::PRICES_AS_OF
    } else {
        PRICES_ELSEWHERE_AS_OF
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::regions;

    #[test]
    fn a_price_is_of_its_region_or_unknown() {
        let of = |region| offer("m7i.large", region);
        assert_eq!(of("us-east-1"), Offer::Priced(0.1008));
        assert_eq!(of("us-gov-west-1"), Offer::Priced(0.12705));
        assert_eq!(of("eu-central-1"), Offer::Priced(0.12075));
        assert_eq!(of("ap-east-2"), Offer::Unknown);
        assert_eq!(of("moon-1"), Offer::Unknown);
        assert_eq!(offer("c8i.large", "eu-west-1"), Offer::Unpriced);
        assert_eq!(offer("m7a.large", "af-south-1"), Offer::None);
        assert_eq!(offer("c1.medium", "us-gov-east-1"), Offer::Unknown);
        assert_eq!(offer("m9x.large", "us-east-1"), Offer::Unknown);
        assert_eq!(on_demand("c8i.large", "eu-west-1"), None);
    }

    #[test]
    fn every_region_has_a_column_and_every_line_all_of_them() {
        let known: Vec<&str> = regions::REGIONS.iter().map(|region| region.name).collect();
        let mut columns = REGIONS.clone();
        columns.push(PRICES_REGION);
        columns.sort_unstable();
        assert_eq!(columns, known);
        for line in LINES.iter() {
            let mut words = line.split(' ');
            let name = words.next().expect("a name");
            assert!(instance_types::find(name).is_some(), "{line}");
            let values: Vec<&str> = words.collect();
            assert_eq!(values.len(), REGIONS.len(), "{line}");
            let is_value = |value: &&str| {
                matches!(*value, "+" | "-" | "?")
                    || value.parse().is_ok_and(|price: f64| price > 0.001)
            };
            assert!(values.iter().all(is_value), "{line}");
        }
    }

    /// A price of other instances or of another unit would stand out: c5a in ap-south-1 is the cheapest, r4 in sa-east-1
    /// the dearest.
    #[test]
    fn prices_are_near_those_of_the_first_region() {
        for line in LINES.iter() {
            let name = line.split(' ').next().expect("a name");
            let first = on_demand(name, PRICES_REGION).expect("it has all prices");
            for region in REGIONS.iter() {
                if let Some(price) = on_demand(name, region) {
                    let ratio = price / first;
                    assert!((0.55..=2.2).contains(&ratio), "{name} {region}: {ratio}");
                }
            }
        }
    }
}
