//! Every file that a plan renders to.

use super::{Engine, FORMATS, FileSet, RenderError, image, packer, terraform};
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

/// Renders everything.
///
/// # Errors
/// When a template names what the plan does not have, which the tests rule out.
pub fn render(engine: &Engine, plan: &Plan) -> Result<FileSet, RenderError> {
    let mut files = FileSet::new();
    for format in FORMATS {
        (format.render)(engine, plan, &mut files)?;
    }
    files.insert(".gitattributes".to_owned(), GITATTRIBUTES.to_owned());
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
