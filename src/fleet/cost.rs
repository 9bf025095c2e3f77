//! `[cost]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Percent, Quantity, Ratio};

/// The assumptions of `valet-gen cost`. Nothing of it is rendered.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cost {
    /// Spot price as a fraction of the on-demand price, for types that state none of their own.
    pub spot_price_ratio: Ratio,

    /// How far between its smallest and its largest size the group is on average, in percent.
    pub expected_load_percent: Percent,

    /// Gigabytes a month that one instance moves through NAT gateways.
    pub nat_gigabytes_per_instance: Quantity,

    /// Gigabytes a month that one instance moves through interface endpoints.
    pub endpoint_gigabytes_per_instance: Quantity,

    /// Gigabytes a month of logs that one instance writes, flow logs included.
    pub log_gigabytes_per_instance: Quantity,
}

impl Default for Cost {
    fn default() -> Self {
        Self {
            spot_price_ratio: Ratio::new(0.30),
            expected_load_percent: Percent::new(25),
            nat_gigabytes_per_instance: Quantity::new(50.0),
            endpoint_gigabytes_per_instance: Quantity::new(2.0),
            log_gigabytes_per_instance: Quantity::new(3.0),
        }
    }
}
