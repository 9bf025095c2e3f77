//! What the same fleet costs all on demand, as fleet.toml mixes it, and all on spot.

use serde::Serialize;

use super::estimate::{estimate_environment, sum};
use super::range::CostRange;
use crate::resolve::{Environment, Instances, Plan};

/// What the same fleet costs, bought in different ways.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// From the dearest to the cheapest.
    pub purchases: Vec<Purchase>,
}

/// One way to buy the instances.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Purchase {
    pub name: &'static str,
    /// US dollars per month of all environments, everything included, in whole cents.
    pub total: CostRange,
    /// How much more that is than as fleet.toml has it.
    pub difference: CostRange,
}

/// The name of a way to buy the instances, and what it changes in `[instances]`.
type Way = (&'static str, fn(&mut Instances));

const WAYS: [Way; 3] = [
    ("all on demand", |instances| {
        instances.on_demand_percentage_above_base_capacity = 100;
    }),
    ("as in fleet.toml", |_| {}),
    ("all spot", |instances| {
        instances.on_demand_base_capacity = 0;
        instances.on_demand_percentage_above_base_capacity = 0;
    }),
];

/// Estimates the fleet once for each way to buy it.
#[must_use]
pub fn compare(plan: &Plan) -> Comparison {
    let as_planned = total(plan, |_| {});
    let purchases = WAYS.iter().map(|(name, change)| {
        let total = total(plan, *change);
        Purchase {
            name,
            total,
            difference: sum([total, as_planned.times(-1.0)].into_iter()),
        }
    });
    Comparison {
        purchases: purchases.collect(),
    }
}

fn total(plan: &Plan, change: fn(&mut Instances)) -> CostRange {
    let totals = plan.environments.iter().map(|environment| {
        let mut environment: Environment = environment.clone();
        change(&mut environment.instances);
        estimate_environment(&environment).total
    });
    sum(totals)
}
