//! One line of an estimate: so many units at a price each.

use serde::Serialize;

use super::range::{CostRange, round_to_cents, round_to_thousandths};
use super::rates::Rate;

/// So many units at a price each.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostItem {
    /// What is charged.
    pub item: String,
    /// `None` where the price is unknown; then `usd` is zero and no part of a total.
    pub usd_per_unit: Option<f64>,
    pub unit: &'static str,
    /// Units per month.
    pub quantity: CostRange,
    /// US dollars per month, in whole cents.
    pub usd: CostRange,
}

impl CostItem {
    #[must_use]
    pub fn new(
        item: impl Into<String>,
        usd_per_unit: Option<f64>,
        unit: &'static str,
        quantity: CostRange,
    ) -> Self {
        Self {
            item: item.into(),
            usd_per_unit,
            unit,
            quantity: quantity.map(round_to_thousandths),
            usd: usd_per_unit.map_or_else(CostRange::default, |usd| {
                quantity.times(usd).map(round_to_cents)
            }),
        }
    }

    /// A line of the registry of rates, with what it is for after the rate's name.
    #[must_use]
    pub fn of(rate: Rate, what: &str, quantity: CostRange) -> Self {
        let item = if what.is_empty() {
            rate.name.to_owned()
        } else {
            format!("{}, {what}", rate.name)
        };
        Self::new(item, Some(rate.usd), rate.unit, quantity)
    }
}
