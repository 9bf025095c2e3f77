//! The commands, as they are typed. What each does is in the file of its name.

mod audit;
mod bake;
mod bake_aws;
mod bake_estimate;
#[cfg(all(feature = "bake", target_os = "linux"))]
mod bake_local;
mod bake_plan;
mod command_line;
#[cfg(feature = "comment")]
mod comment;
mod complete;
mod cost;
mod diff;
mod exit;
mod explain;
mod formats;
mod generate;
mod graph;
#[cfg(all(feature = "bake", target_os = "linux"))]
mod image;
mod init;
mod man;
mod moved_subnets;
mod payload;
mod pipeline;
mod plan_review;
mod plan_waivers;
mod preflight;
mod print;
mod render;
mod render_json;
mod render_outcome;
mod render_text;
mod repository;
mod secrets;
mod shared_args;
mod validate;
mod write_error;

pub use command_line::Cli;
pub use complete::answer_shell;
pub use exit::Exit;

use shared_args::{DiagnosticArgs, FleetArgs, ResultFormat};
