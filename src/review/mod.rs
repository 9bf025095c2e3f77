//! Reviewing a change: what a plan of Terraform does, and what a changed fleet.toml will do.

pub mod iam;
pub mod markdown;
pub mod plan_markdown;
pub mod plan_review;
mod rules;
pub mod terraform_plan;
pub mod types;
mod values;
pub mod waivers;

pub use plan_review::{PlanReview, PlannedResource, review};
pub use rules::explanations;
