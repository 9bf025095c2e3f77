//! Three figures for one thing: the least, what is expected, and the most.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The least, what is expected, and the most, of money or of a quantity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostRange {
    /// With the group at its smallest size all week.
    pub minimum: f64,
    /// With the group at the expected load.
    pub expected: f64,
    /// With the group at its largest size all week.
    pub maximum: f64,
}

impl CostRange {
    /// A figure that does not depend on the size of the group.
    #[must_use]
    pub fn constant(value: f64) -> Self {
        Self {
            minimum: value,
            expected: value,
            maximum: value,
        }
    }

    /// The same calculation on each of the three.
    #[must_use]
    pub fn map(self, calculate: impl Fn(f64) -> f64) -> Self {
        Self {
            minimum: calculate(self.minimum),
            expected: calculate(self.expected),
            maximum: calculate(self.maximum),
        }
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            minimum: self.minimum + other.minimum,
            expected: self.expected + other.expected,
            maximum: self.maximum + other.maximum,
        }
    }

    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        self.map(|value| value * factor)
    }
}

/// Rounds to whole cents, so that the lines of a table add up to its total.
#[must_use]
pub fn round_to_cents(usd: f64) -> f64 {
    round(usd, 100.0)
}

/// Rounds a quantity to thousandths: finer than any unit that is charged.
#[must_use]
pub fn round_to_thousandths(quantity: f64) -> f64 {
    round(quantity, 1000.0)
}

fn round(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
