//! `instance.json`: the settings that every instance gets in its user data, which `user_data.tf` puts together.

use crate::render::format::FileSet;
use crate::render::json::json_text;
use crate::render::worker::instance_settings;
use crate::resolve::Plan;

/// Its name in the root module.
const NAME: &str = "instance.json";

/// Renders the settings of each environment.
pub fn render(plan: &Plan, files: &mut FileSet) {
    for environment in &plan.environments {
        let folder = &environment.identity.environment;
        let text = json_text(&instance_settings(environment));
        files.insert(format!("{folder}/terraform/{NAME}"), text);
    }
}
