//! One line of an estimate: so many units at a price each.

use serde::Serialize;

use super::figures::{Figures, to_cents, to_thousandths};
use super::rates::Rate;

/// So many units at a price each.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What is charged.
    pub item: String,
    pub usd_per_unit: f64,
    pub unit: &'static str,
    /// Units per month.
    pub quantity: Figures,
    /// US dollars per month, in whole cents.
    pub usd: Figures,
}

impl Line {
    #[must_use]
    pub fn new(
        item: impl Into<String>,
        usd_per_unit: f64,
        unit: &'static str,
        quantity: Figures,
    ) -> Self {
        Self {
            item: item.into(),
            usd_per_unit,
            unit,
            quantity: quantity.map(to_thousandths),
            usd: quantity.times(usd_per_unit).map(to_cents),
        }
    }

    /// A line of the registry of rates, with what it is for after the rate's name.
    #[must_use]
    pub fn of(rate: Rate, what: &str, quantity: Figures) -> Self {
        let item = if what.is_empty() {
            rate.name.to_owned()
        } else {
            format!("{}, {what}", rate.name)
        };
        Self::new(item, rate.usd, rate.unit, quantity)
    }
}
