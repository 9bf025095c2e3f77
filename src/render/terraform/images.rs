//! `images.auto.tfvars.json`: the locked image, as the value of a variable that Terraform reads by
//! itself. Where nothing is locked there is no such file, and Terraform reads the parameter.

use serde_json::json;

use crate::render::format::FileSet;
use crate::render::json::json_text;
use crate::resolve::Plan;

/// Renders the variables of each environment that has a locked image.
pub fn render(plan: &Plan, files: &mut FileSet) {
    for environment in &plan.environments {
        let Some(ami) = &environment.image.locked_ami else {
            continue;
        };
        let folder = &environment.identity.environment;
        let path = format!("{folder}/terraform/images.auto.tfvars.json");
        files.insert(path, json_text(&json!({ "ami_id": ami })));
    }
}
