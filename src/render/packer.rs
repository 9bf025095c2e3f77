//! Packer: the template that makes the image on an instance of Amazon EC2.

use serde::Serialize;
use serde_json::Value;

use super::engine::{Engine, RenderError};
use super::format::{FileSet, Template};
use super::provenance;
use super::tidy::push_tidy;
use crate::resolve::{Environment, Identity, Image, Instances, Plan};

/// The tables of an environment that the template depends on.
#[derive(Debug, Serialize)]
struct Context<'p> {
    identity: &'p Identity,
    instances: &'p Instances,
    image: &'p Image,
    /// Regions that get a copy, besides the one where the image is made.
    copy_regions: Vec<&'p str>,
    /// The same as a text, in the order of Packer's `keys`.
    copy_names: String,
}

impl<'p> Context<'p> {
    fn of(environment: &'p Environment) -> Self {
        let own = environment.identity.region.as_str();
        let regions = environment.image.regions.iter().map(String::as_str);
        let mut copy_regions: Vec<&str> = regions.filter(|region| *region != own).collect();
        copy_regions.sort_unstable();
        Self {
            copy_names: copy_regions.join(", "),
            copy_regions,
            identity: &environment.identity,
            instances: &environment.instances,
            image: &environment.image,
        }
    }
}

/// What each environment's template is rendered with.
///
/// # Panics
/// Never: plain data can be serialized.
pub fn contexts(plan: &Plan) -> Vec<Value> {
    let environments = plan.environments.iter();
    environments
        .map(|environment| serde_json::to_value(Context::of(environment)))
        .map(|context| context.expect("plain data can be serialized"))
        .collect()
}

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
