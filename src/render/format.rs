//! What a format of output is made of.

use std::collections::BTreeMap;

use super::engine::{Engine, RenderError};
use crate::resolve::Plan;

/// The files of a rendering: text by path, with `/` between folders, relative to the output
/// folder.
pub type FileSet = BTreeMap<String, String>;

/// One kind of output.
pub struct Format {
    pub name: &'static str,
    /// Templates by their names, parsed once per process.
    pub templates: fn() -> Vec<Template>,
    pub render: fn(&Engine, &Plan, &mut FileSet) -> Result<(), RenderError>,
}

/// A template as it is compiled into the binary.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// Its path below `templates/`, without `.hbs`.
    pub name: &'static str,
    pub text: &'static str,
}
