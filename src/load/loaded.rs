//! What a fleet.toml is once it is typed.

use std::ops::Range;

use super::tree::SpannedTree;
use crate::diagnostic::{Diagnostic, Omitted};
use crate::fleet::Fleet;
use crate::fleet::path::Path;

/// The environment of a file that declares none.
pub const DEFAULT_ENVIRONMENT: &str = "production";

/// One environment: the file's tables with the environment's overlay merged in, and typed.
#[derive(Clone, Debug)]
pub struct Environment<'s> {
    pub name: String,
    /// Whether the file declares it, or it is the default one.
    pub declared: bool,
    /// Where the file names it.
    pub span: Option<Range<usize>>,
    pub tree: SpannedTree<'s>,
    pub fleet: Fleet,
    /// What violations were to set and did not, so that a default stands in its place. What the
    /// rules say of it, or beside it, may be a consequence of that.
    pub discarded: Vec<DiscardedSetting>,
}

/// A setting that was discarded with a violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiscardedSetting {
    /// The value at this path did not fit its key.
    Value(Path),
    /// A key of another name stands where this one was meant, most likely.
    Key(Path),
}

/// A file that could be typed, at least in part.
#[derive(Clone, Debug)]
pub struct Loaded<'s> {
    /// The file without any overlay: what account-wide things are read from.
    pub base: Environment<'s>,
    /// In the order of their names.
    pub environments: Vec<Environment<'s>>,
    /// The violations that were found on the way. [`crate::check`] reports them with its own.
    pub violations: Vec<(String, Diagnostic)>,
    /// Violations that are counted and not put into words.
    pub omitted: Vec<Omitted>,
}
