//! Fourth stage: the plan to the text of every file. Pure: the same plan gives the same bytes on
//! every machine. A failure here is a fault of the generator, never of the user.
//!
//! To add a format: one file here with its `render` function, one folder in `templates/`, one
//! line in [`FORMATS`].

mod cloudwatch;
mod compile;
mod engine;
mod expression;
mod files;
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
pub use files::{contexts, render, render_terraform};
pub use format::{FileSet, Format, Template};
pub(crate) use runbooks::markdown as markdown_text;
pub use valet_bake_aws::semantic_version;

/// Every format. The first one takes about as long as all others, and is rendered beside them, which are rendered in their order.
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
