//! What the generator knows of AWS and of the fleet: one registry per subject, read by the
//! rules, the renderers, the cost estimate and the documentation alike.

pub mod accepted_findings;
pub mod accounts;
mod alarm;
pub mod alarms;
pub mod controls;
pub mod dashboard;
pub mod endpoints;
pub mod guardduty;
pub mod image_paths;
pub mod instance_types;
pub mod log_retention;
pub mod metrics;
pub mod plan_rules;
pub mod quotas;
pub mod regional;
pub mod regional_rates;
pub mod regions;
pub mod resource_names;
pub mod secret_rules;
pub mod secret_scanner;
mod similar;
pub mod trail_alarms;
pub mod variables;

pub use similar::{most_similar, similar_by};
