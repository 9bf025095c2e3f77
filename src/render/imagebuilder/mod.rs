//! EC2 Image Builder: the component that makes and tests the image, and the bodies of the five
//! requests that have it made. They are the API's own members, written by serde.
//!
//! What only the account knows is left out: ARNs, bucket, instance profile. `README.md` beside
//! them lists it. So is `clientToken`, which belongs to one attempt.

mod component;
mod readme;
mod requests;

use super::engine::{Engine, RenderError};
use super::format::FileSet;
use super::json::json_text;
use super::provenance;
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
