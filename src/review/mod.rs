//! Reviewing a change: what a plan of Terraform does, and what a changed fleet.toml will do.

mod causes;
pub mod comment;
pub mod config;
pub mod diff_document;
pub mod diff_findings;
pub mod diff_markdown;
pub mod diff_text;
mod explanations;
pub mod fleet_diff;
pub mod git;
pub mod iam;
mod losses;
pub mod markdown;
mod plan_configuration;
pub mod plan_markdown;
pub mod plan_review;
pub mod planned_module;
pub mod planner;
mod posture;
pub mod provider_rules;
mod put_back;
mod ranges;
mod refresh;
mod rules;
pub mod schema;
pub mod section;
pub mod side;
pub mod terraform_plan;
pub mod types;
mod values;
pub mod waivers;

pub use explanations::explanations;
pub use plan_review::{PlanReview, PlannedResource, review};
