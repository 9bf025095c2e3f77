//! The agent's configuration, which is part of the image. It is plain TOML, written by the types
//! that the agent reads it with.

use super::engine::{Engine, RenderError};
use super::format::FileSet;
use super::provenance;
use crate::resolve::Plan;

/// Its path below the environment's folder. The image has it at [`valet_protocol::config::PATH`].
pub const PATH: &str = "image/files/etc/valet/worker.toml";

/// Renders the configuration of every environment.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every format has this signature; this one cannot fail"
)]
pub fn render(_: &Engine, plan: &Plan, files: &mut FileSet) -> Result<(), RenderError> {
    for environment in &plan.environments {
        let name = &environment.identity.environment;
        let mut text = provenance::of_environment("#", name, "what the agent lives by");
        let values = toml::to_string(&environment.agent).expect("plain data has a text");
        text.push_str(&values);
        files.insert(format!("{name}/{PATH}"), text);
    }
    Ok(())
}
