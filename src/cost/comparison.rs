//! Four ways to buy five instances, recomputed beside the figures that the requirements state.

use serde::Serialize;

use super::figures::to_cents;
use super::rates::{HOURS_PER_MONTH, NAT_DATA, NAT_GATEWAY, PUBLIC_IPV4, VOLUME};
use crate::catalog::instance_types;
use crate::fleet::{Cost, RootVolume};

/// Four ways to buy the same instances.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub instance_type: &'static str,
    pub instances: u32,
    pub on_demand_usd_per_hour: f64,
    pub spot_usd_per_hour: f64,
    pub strategies: Vec<Strategy>,
    /// Where the requirements' table was off, and why.
    pub differences: Vec<String>,
}

/// One way to buy the instances.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Strategy {
    pub name: &'static str,
    /// Instances; a share where a percentage gives one.
    pub on_demand: f64,
    pub spot: f64,
    /// US dollars per month for the instances alone, in whole cents.
    pub usd: f64,
    /// US dollars per month, as the requirements state them.
    pub required_usd: f64,
}

const INSTANCE_TYPE: &str = "t3.large";
const INSTANCES: u32 = 5;

/// The requirements' rates for t3.large in US dollars per hour.
const REQUIRED_ON_DEMAND: f64 = 0.083;
const REQUIRED_SPOT: f64 = 0.025;

struct Way {
    name: &'static str,
    on_demand: f64,
    spot: f64,
    required_usd: f64,
}

const fn way(name: &'static str, on_demand: f64, spot: f64, required_usd: f64) -> Way {
    Way {
        name,
        on_demand,
        spot,
        required_usd,
    }
}

/// 30 % of the four above the base is 1.2 instances.
const WAYS: [Way; 4] = [
    way("all on-demand", 5.0, 0.0, 300.0),
    way("1 on-demand + 4 spot", 1.0, 4.0, 120.0),
    way("all spot", 0.0, 5.0, 90.0),
    way("1 on-demand + 30 % above", 2.2, 2.8, 150.0),
];

/// Prices of two purchase options in US dollars per hour.
#[derive(Clone, Copy)]
struct Prices {
    on_demand: f64,
    spot: f64,
}

impl Prices {
    fn per_month(self, on_demand: f64, spot: f64) -> f64 {
        to_cents((on_demand * self.on_demand + spot * self.spot) * HOURS_PER_MONTH)
    }
}

/// The comparison from the catalogue's price and the default spot ratio.
#[must_use]
pub fn compare() -> Comparison {
    let on_demand = instance_types::find(INSTANCE_TYPE).map_or(0.0, |facts| facts.usd_per_hour);
    let spot = on_demand * Cost::default().spot_price_ratio.get();
    let prices = Prices { on_demand, spot };
    Comparison {
        instance_type: INSTANCE_TYPE,
        instances: INSTANCES,
        on_demand_usd_per_hour: on_demand,
        spot_usd_per_hour: spot,
        strategies: WAYS
            .iter()
            .map(|way| Strategy {
                name: way.name,
                on_demand: way.on_demand,
                spot: way.spot,
                usd: prices.per_month(way.on_demand, way.spot),
                required_usd: way.required_usd,
            })
            .collect(),
        differences: differences(prices),
    }
}

fn differences(prices: Prices) -> Vec<String> {
    let required = Prices {
        on_demand: REQUIRED_ON_DEMAND,
        spot: REQUIRED_SPOT,
    };
    let one_and_four = required.per_month(1.0, 4.0);
    let mixed = required.per_month(2.2, 2.8);
    let without_base = required.per_month(1.5, 3.5);
    let whole = prices.per_month(3.0, 2.0);
    let nat = to_cents((NAT_GATEWAY.usd + PUBLIC_IPV4.usd) * HOURS_PER_MONTH);
    let gigabytes = Cost::default().nat_gigabytes_per_instance.get() * f64::from(INSTANCES);
    let nat_data = to_cents(gigabytes * NAT_DATA.usd);
    let volume_size = RootVolume::default().volume_size.get();
    let volumes = to_cents(f64::from(INSTANCES * volume_size) * VOLUME.usd);
    vec![
        format!(
            "1 on-demand + 4 spot: the requirements say 120 dollars, and their own rates \
             ({REQUIRED_ON_DEMAND} and {REQUIRED_SPOT} dollars per hour) give {one_and_four:.2}."
        ),
        format!(
            "1 on-demand + 30 % above: the requirements say 150 dollars, and their own rates give \
             {mixed:.2}. 30 % of all five, without the base, would be {without_base:.2}."
        ),
        format!(
            "30 % of four is 1.2 instances, and a group has whole ones: with 3 on demand and 2 spot \
             it costs {whole:.2}."
        ),
        format!(
            "NAT is left out of every row: one gateway with its address is {nat:.2} dollars a month, \
             and {gigabytes} GB through it {nat_data:.2}. So are the root volumes: {volumes:.2} for \
             {volume_size} GiB each."
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_come_out_to_the_cent() {
        // t3.large: 0.0832 dollars by 730 hours is 60.736; at 30 % it is 18.2208.
        let comparison = compare();
        let usd: Vec<f64> = comparison.strategies.iter().map(|way| way.usd).collect();
        assert_eq!(usd, [303.68, 133.62, 91.10, 184.64]);
    }

    #[test]
    fn every_way_buys_as_many_instances() {
        for way in WAYS {
            assert!((way.on_demand + way.spot - f64::from(INSTANCES)).abs() < 1e-9);
        }
    }

    #[test]
    fn differences_state_what_the_requirements_own_rates_give() {
        let text = compare().differences.join("\n");
        // 0.083 x 730 + 4 x 0.025 x 730, and 2.2 x 0.083 x 730 + 2.8 x 0.025 x 730.
        assert!(text.contains("133.59") && text.contains("184.40"), "{text}");
        // 3 x 60.736 + 2 x 18.2208.
        assert!(text.contains("218.65"), "{text}");
        // 0.050 x 730, 250 x 0.045, and 200 x 0.08.
        assert!(text.contains("36.50") && text.contains("11.25") && text.contains("16.00"));
    }
}
