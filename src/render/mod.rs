//! Fourth stage: the plan to the text of every file. Pure: the same plan gives the same bytes on
//! every machine. A failure here is a fault of the generator, never of the user.
//!
//! To add a format: one file here with its `render` function, one folder in `templates/`, one
//! line in [`FORMATS`].

mod cloudwatch;
mod compile;
mod engine;
mod expression;
mod format;
mod hcl;
mod helpers;
mod image;
mod imagebuilder;
mod json;
mod packer;
mod provenance;
mod runbooks;
mod shell;
mod systemd;
mod terraform;
mod tidy;
mod worker;

pub use engine::{Engine, RenderError};
pub use format::{FileSet, Format, Template};
pub(crate) use runbooks::markdown as markdown_text;
pub use valet_bake_aws::semantic_version;

use crate::resolve::Plan;

/// Every format, in the order in which they are rendered.
pub const FORMATS: &[Format] = &[
    Format {
        name: "terraform",
        templates: terraform::templates,
        render: terraform::render,
    },
    Format {
        name: "image",
        templates: image::templates,
        render: image::render,
    },
    Format {
        name: "worker",
        templates: Vec::new,
        render: worker::render,
    },
    Format {
        name: "packer",
        templates: packer::templates,
        render: packer::render,
    },
    Format {
        name: "imagebuilder",
        templates: Vec::new,
        render: imagebuilder::render,
    },
    Format {
        name: "cloudwatch",
        templates: Vec::new,
        render: cloudwatch::render,
    },
    Format {
        name: "runbooks",
        templates: Vec::new,
        render: runbooks::render,
    },
];

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
