//! Renders a root module, file by file.

use super::context::Context;
use super::files::{ACCOUNT_FILES, ENVIRONMENT_FILES, File};
use super::{images, instance};
use crate::render::tidy::push_tidy;
use crate::render::{Engine, FileSet, RenderError, Template, provenance};
use crate::resolve::{ACCOUNT, Plan};

/// Every template of this format.
pub fn templates() -> Vec<Template> {
    let of_environment = ENVIRONMENT_FILES.iter().map(|file| file.template);
    let of_account = ACCOUNT_FILES.iter().map(|file| file.template);
    let mut templates: Vec<Template> = of_environment.chain(of_account).collect();
    templates.sort_by_key(|template| template.name);
    templates.dedup_by_key(|template| template.name);
    templates
}

/// Renders every root module.
pub fn render(engine: &Engine, plan: &Plan, files: &mut FileSet) -> Result<(), RenderError> {
    for environment in &plan.environments {
        let module = Module {
            folder: &environment.identity.environment,
            whose: &format!("environment {}", environment.identity.environment),
            context: engine.context(&Context::of(environment))?,
        };
        module.render(engine, ENVIRONMENT_FILES, environment, files)?;
    }
    images::render(plan, files);
    instance::render(plan, files);
    let module = Module {
        folder: ACCOUNT,
        whose: "the account",
        context: engine.context(&plan.account)?,
    };
    module.render(engine, ACCOUNT_FILES, &plan.account, files)
}

/// A root module, and what its templates are rendered with.
struct Module<'a> {
    folder: &'a str,
    /// Whose it is, for the first line of each file.
    whose: &'a str,
    context: handlebars::Context,
}

impl Module<'_> {
    fn render<Of>(
        &self,
        engine: &Engine,
        of_module: &[File<Of>],
        of: &Of,
        files: &mut FileSet,
    ) -> Result<(), RenderError> {
        for file in of_module.iter().filter(|file| (file.applies)(of)) {
            let mut text = provenance::lines("#", self.whose, file.subject);
            push_tidy(
                &mut text,
                &engine.render(file.template.name, &self.context)?,
            );
            files.insert(format!("{}/terraform/{}", self.folder, file.name), text);
        }
        Ok(())
    }
}
