//! What a fleet costs per month: the least, what is expected, and the most.
//!
//! Pure, as rendering is: prices are a registry with a date, and the schedules run through one
//! fixed week. Every assumption is stated in the estimate itself.

mod against;
mod assumptions;
mod comparison;
mod estimate;
mod instances;
mod item;
mod network;
mod observability;
mod range;
mod rates;
mod report;
mod volumes;
mod week;

pub use against::{EnvironmentDifference, difference, print_difference, to_markdown};
pub use comparison::{Comparison, Purchase};
pub use estimate::{EnvironmentEstimate, Estimate, estimate, estimate_environment};
pub use item::CostItem;
pub use range::CostRange;
pub use rates::{RATES, Rate};
pub use report::{print_table, to_json};
pub use week::SizePeriod;
