//! Images made by Packer, on a build host that Session Manager reaches.

mod adopt;
mod bake;
mod first_host;
mod leftovers;
mod process;
mod programs;
mod run;
mod status;
mod variables;

pub use bake::{PackerBake, bake, clean_up, end_run};
pub use leftovers::{Scope, remove_leftovers};
pub use programs::look as look_for_programs;
pub use status::{Begun, begun};
