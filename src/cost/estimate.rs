//! What every environment costs, and the fleet as a whole.

use serde::Serialize;

use super::comparison::{self, Comparison};
use super::item::CostItem;
use super::range::{self, CostRange, round_to_cents};
use super::rates::{self, KEY, PARAMETER, RATES, Rate, SECRET};
use super::week::{self, SizePeriod};
use super::{assumptions, instances, network, observability, volumes};
use crate::resolve::{Environment, Plan};

/// What a fleet costs.
#[derive(Clone, Debug, Serialize)]
pub struct Estimate {
    pub fleet: String,
    /// Always US dollars.
    pub currency: &'static str,
    /// The day of AWS's price list.
    pub prices_as_of: &'static str,
    /// The region of AWS's price list.
    pub prices_region: &'static str,
    pub hours_per_month: f64,
    /// In the order of their names.
    pub environments: Vec<EnvironmentEstimate>,
    /// US dollars per month of all environments, in whole cents.
    pub total: CostRange,
    pub comparison: Comparison,
    /// What the figures take for granted, one sentence or two each.
    pub assumptions: Vec<String>,
    pub rates: &'static [Rate],
}

/// What one environment costs.
#[derive(Clone, Debug, Serialize)]
pub struct EnvironmentEstimate {
    pub environment: String,
    pub region: String,
    /// The bounds of the group in the simulated week.
    pub week: Vec<SizePeriod>,
    /// Average number of instances.
    pub instances: CostRange,
    pub lines: Vec<CostItem>,
    /// US dollars per month, the sum of the lines whose price is known.
    pub total: CostRange,
    /// Instance types whose price in this region is unknown, and that are no part of the total.
    pub unpriced: Vec<String>,
    /// What the figures of this environment take for granted.
    pub assumptions: Vec<String>,
}

/// Works out what every environment costs.
#[must_use]
pub fn estimate(plan: &Plan) -> Estimate {
    let environments: Vec<EnvironmentEstimate> =
        plan.environments.iter().map(estimate_environment).collect();
    Estimate {
        fleet: plan.fleet.clone(),
        currency: "USD",
        prices_as_of: rates::AS_OF,
        prices_region: rates::REGION,
        hours_per_month: rates::HOURS_PER_MONTH,
        total: sum(environments.iter().map(|environment| environment.total)),
        environments,
        comparison: comparison::compare(plan),
        assumptions: assumptions::common_assumptions(),
        rates: RATES,
    }
}

pub fn estimate_environment(environment: &Environment) -> EnvironmentEstimate {
    let week = week::bounds(&environment.scaling);
    let load_percent = environment.cost.expected_load_percent.get();
    let average = instances::average(&environment.instances, &week, load_percent);
    let count = average.all();
    let mut lines = instances::lines(&environment.instances, &average);
    let regional = rates::in_region(&environment.identity.region);
    lines.extend(volumes::lines(&environment.instances, &regional, count));
    lines.extend(network::lines(
        &environment.network,
        &environment.cost,
        &regional,
        count,
    ));
    lines.extend(observability::lines(environment, count));
    lines.extend(secret_lines(environment));
    EnvironmentEstimate {
        environment: environment.identity.environment.clone(),
        region: environment.identity.region.clone(),
        instances: count.map(range::round_to_thousandths),
        total: sum(lines.iter().map(|line| line.usd)),
        unpriced: instances::unpriced(&environment.instances),
        assumptions: assumptions::of_environment(environment),
        week,
        lines,
    }
}

/// The fleet's own keys and the secrets by where they are kept.
fn secret_lines(environment: &Environment) -> Vec<CostItem> {
    let count = |names: usize| CostRange::constant(names as f64);
    let image_keys = environment.image.keys.iter();
    let made_image_keys = image_keys.filter(|key| key.existing.is_none()).count();
    vec![
        CostItem::of(
            KEY,
            "",
            count(usize::from(environment.existing_key.is_none()) + made_image_keys),
        ),
        CostItem::of(SECRET, "", count(environment.secrets.secrets.len())),
        CostItem::of(
            PARAMETER,
            "free",
            count(environment.secrets.parameters.len()),
        ),
    ]
}

pub fn sum(amounts: impl Iterator<Item = CostRange>) -> CostRange {
    amounts
        .fold(CostRange::default(), CostRange::plus)
        .map(round_to_cents)
}
