//! `[[alarm]]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bounded;

/// An alarm that is tuned, switched off or added.
///
/// With the name of one of the generator's own alarms, the entry changes what it names of it.
/// With another name it adds an alarm, and `metric` and `threshold` are required.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// The alarm's name; the fleet's prefix is put before it.
    pub name: String,

    /// Whether the alarm exists.
    #[serde(default = "Alarm::enabled_default")]
    pub enabled: bool,

    /// The metric it watches, one of docs/alarms.md. Only for an added alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,

    /// How the values of a period become one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<Statistic>,

    /// How the value is held against the threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison_operator: Option<Comparison>,

    /// The value at which it fires, in the metric's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,

    /// Seconds of one period: a multiple of 60, at most a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Bounded<60, 86400>>,

    /// Periods in a row that must be over the threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation_periods: Option<Bounded<1, 100>>,

    /// What a period without data counts as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub treat_missing_data: Option<MissingData>,

    /// What the alarm means, for whoever is woken by it. At most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Alarm {
    fn enabled_default() -> bool {
        true
    }
}

/// How the values of a period become one, as CloudWatch names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Statistic {
    Average,
    Maximum,
    Minimum,
    Sum,
    SampleCount,
}

/// How a value is held against a threshold, as CloudWatch names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Comparison {
    GreaterThanOrEqualToThreshold,
    GreaterThanThreshold,
    LessThanOrEqualToThreshold,
    LessThanThreshold,
}

/// What a period without data counts as, as CloudWatch names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MissingData {
    Breaching,
    NotBreaching,
    Ignore,
    Missing,
}
