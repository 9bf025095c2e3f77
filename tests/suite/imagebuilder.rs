//! EC2 Image Builder's documents: the API's model of its requests, and AWSTOE's rules.

mod component;
mod model;
mod requests;

use serde_json::Value;
use test_support::pipeline::{files_of, fixture_text, plan_of};
use valet_gen::resolve::Environment;

/// An environment of a fixture and the texts of its documents.
struct Documents {
    environment: Environment,
    component: String,
    requests: Vec<(&'static str, Value)>,
}

impl Documents {
    fn request(&self, file: &str) -> &Value {
        let found = self.requests.iter().find(|(name, _)| *name == file);
        &found.expect("a request").1
    }
}

const FILES: [&str; 5] = [
    "component",
    "recipe",
    "infrastructure",
    "distribution",
    "image",
];

/// Of a fleet.toml.
fn documents_of(text: &str) -> Vec<Documents> {
    let plan = plan_of(text);
    let files = files_of(&plan);
    let of = |environment: &Environment| {
        let folder = format!("{}/imagebuilder", environment.identity.environment);
        let request = |name: &'static str| {
            let text = &files[&format!("{folder}/{name}.json")];
            (name, serde_json::from_str(text).expect("JSON"))
        };
        Documents {
            environment: environment.clone(),
            component: files[&format!("{folder}/component.yml")].clone(),
            requests: FILES.map(request).to_vec(),
        }
    };
    plan.environments.iter().map(of).collect()
}

/// Of every fixture.
fn documents() -> Vec<Documents> {
    let fixtures = ["golden-minimal", "golden-full"].map(fixture_text);
    fixtures
        .iter()
        .flat_map(|text| documents_of(text))
        .collect()
}
