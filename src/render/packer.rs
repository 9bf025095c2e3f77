//! Packer: the template that makes the image on an instance of Amazon EC2.

use super::engine::{Engine, RenderError};
use super::format::{FileSet, Template};
use super::image::Context;
use super::provenance;
use super::tidy::push_tidy;
use crate::resolve::Plan;

const TEMPLATE: Template = Template {
    name: "packer/worker.pkr.hcl",
    text: include_str!("../../templates/packer/worker.pkr.hcl.hbs"),
};

/// Every template of this format.
pub fn templates() -> Vec<Template> {
    vec![TEMPLATE]
}

/// Renders one template per environment.
pub fn render(engine: &Engine, plan: &Plan, files: &mut FileSet) -> Result<(), RenderError> {
    for environment in &plan.environments {
        let name = &environment.identity.environment;
        let mut text = provenance::of_environment("#", name, "the machine image, by Packer");
        let context = engine.context(&Context::of(environment))?;
        push_tidy(&mut text, &engine.render(TEMPLATE.name, &context)?);
        files.insert(format!("{name}/{}", TEMPLATE.name), text);
    }
    Ok(())
}
