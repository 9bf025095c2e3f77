//! Every file that a plan renders to.

use std::panic::resume_unwind;
use std::thread;

use super::{Engine, FORMATS, FileSet, Format, RenderError, image, packer, terraform};
use crate::resolve::Plan;

/// What the templates are rendered with: one value for each root module, image and recipe. For
/// tests that take names away and expect a failure.
#[must_use]
pub fn contexts(plan: &Plan) -> Vec<serde_json::Value> {
    let mut contexts = terraform::contexts(plan);
    contexts.extend(image::contexts(plan));
    contexts.extend(packer::contexts(plan));
    contexts
}

/// Keeps git from converting line endings: scripts and units with CR LF do not work on the
/// instance, and no digest would match.
const GITATTRIBUTES: &str = "\
# Rendered by valet-gen from fleet.toml: git converts no line endings below this folder.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

* -text
";

/// Renders everything: the root modules beside all other formats, which take about as long. No format reads what another one
/// rendered.
///
/// # Errors
/// When a template names what the plan does not have, which the tests rule out.
pub fn render(engine: &Engine, plan: &Plan) -> Result<FileSet, RenderError> {
    let (beside, others) = FORMATS.split_at(1);
    let (modules, rest) = thread::scope(|scope| {
        let modules = scope.spawn(|| render_each(engine, plan, beside));
        let rest = render_each(engine, plan, others);
        (modules.join().unwrap_or_else(|it| resume_unwind(it)), rest)
    });
    let mut files = modules?;
    files.append(&mut rest?);
    files.insert(".gitattributes".to_owned(), GITATTRIBUTES.to_owned());
    Ok(files)
}

fn render_each(engine: &Engine, plan: &Plan, formats: &[Format]) -> Result<FileSet, RenderError> {
    let mut files = FileSet::new();
    for format in formats {
        (format.render)(engine, plan, &mut files)?;
    }
    Ok(files)
}

/// Renders the root modules alone.
///
/// # Errors
/// As [`render`].
pub fn render_terraform(engine: &Engine, plan: &Plan) -> Result<FileSet, RenderError> {
    let mut files = FileSet::new();
    terraform::render(engine, plan, &mut files)?;
    Ok(files)
}
