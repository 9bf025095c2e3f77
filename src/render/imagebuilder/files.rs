//! Every document, and its file.

use super::{component, readme, requests};
use crate::render::engine::{Engine, RenderError};
use crate::render::format::FileSet;
use crate::render::json::json_text;
use crate::render::provenance;
use crate::resolve::{Environment, Plan};

/// Renders the documents of every environment.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every format has this signature; this one cannot fail"
)]
pub fn render(_: &Engine, plan: &Plan, files: &mut FileSet) -> Result<(), RenderError> {
    for environment in &plan.environments {
        let folder = format!("{}/imagebuilder", environment.identity.environment);
        let document = component_file(environment);
        let component = requests::component(environment, &document);
        let requests = [
            ("recipe", requests::recipe(environment, &component)),
            ("infrastructure", requests::infrastructure(environment)),
            ("distribution", requests::distribution(environment)),
            ("image", requests::image(environment)),
            ("component", component),
        ];
        for (name, request) in requests {
            files.insert(format!("{folder}/{name}.json"), json_text(&request));
        }
        files.insert(format!("{folder}/component.yml"), document);
        files.insert(format!("{folder}/README.md"), readme::page());
    }
    Ok(())
}

/// The component's document. Every JSON is YAML, so serde writes it, and there is no template
/// whose quoting and indentation could be wrong. The comment in front is why it is not called
/// `.json`.
fn component_file(environment: &Environment) -> String {
    let name = &environment.identity.environment;
    let subject = "the component of EC2 Image Builder";
    let mut text = provenance::of_environment("#", name, subject);
    text.push_str(&json_text(&component::document()));
    text
}
