//! First stage: the text of a fleet.toml to typed tables, one set per environment.
//!
//! The common way is serde alone. Only when a table does not fit its type is the JSON Schema
//! asked, because it names every violation at once where serde stops at the first.

mod schema_errors;
mod syntax;
pub mod tree;

use std::io::Read as _;
use std::ops::Range;
use std::path::Path as FilePath;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, Deserializer};

pub use crate::fleet::path::Path;
pub use schema_errors::EXPLANATIONS as SCHEMA_EXPLANATIONS;
pub use tree::SpannedTree;

use crate::diagnostic::{Diagnostic, DiagnosticReport, Omitted, SourceText};
use crate::fleet::Fleet;

/// The environment of a file that declares none.
pub const DEFAULT_ENVIRONMENT: &str = "production";

/// The largest fleet.toml that is read, in bytes. A fleet of a thousand tables takes a tenth.
pub const MAX_SOURCE_BYTES: u64 = 4 * 1024 * 1024;

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

/// Why a file could not be read at all.
#[derive(Debug)]
pub struct ReadError {
    pub path: String,
    pub problem: String,
    pub help: String,
}

/// Reads a file's text.
///
/// # Errors
/// When the file cannot be opened, is not UTF-8, or is larger than [`MAX_SOURCE_BYTES`].
pub fn read(path: &FilePath) -> Result<SourceText, ReadError> {
    let refuse = |problem: String, help: &str| ReadError {
        path: path.display().to_string(),
        problem,
        help: help.to_owned(),
    };
    let metadata = std::fs::metadata(path).map_err(|error| {
        refuse(
            error.to_string(),
            "name an existing fleet.toml, or write one with `valet-gen init`",
        )
    })?;
    let too_large = || {
        refuse(
            format!("it is larger than {MAX_SOURCE_BYTES} bytes"),
            "split the fleet: one file describes one fleet",
        )
    };
    if metadata.len() > MAX_SOURCE_BYTES {
        return Err(too_large());
    }
    let unreadable = |error: std::io::Error| refuse(error.to_string(), "make the file readable");
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // A pipe or a device tells no length and may never end.
    file.take(MAX_SOURCE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_SOURCE_BYTES {
        return Err(too_large());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        refuse(
            format!(
                "it is not UTF-8 at byte {}",
                error.utf8_error().valid_up_to()
            ),
            "save the file as UTF-8",
        )
    })?;
    Ok(SourceText {
        path: path.display().to_string(),
        text,
    })
}

/// Reads a fleet from standard input.
///
/// # Errors
/// When it is not UTF-8, or is larger than [`MAX_SOURCE_BYTES`].
pub fn read_standard_input() -> Result<SourceText, ReadError> {
    let refuse = |problem: String| ReadError {
        path: "<stdin>".to_owned(),
        problem,
        help: "pipe one fleet.toml, as UTF-8".to_owned(),
    };
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MAX_SOURCE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| refuse(error.to_string()))?;
    if bytes.len() as u64 > MAX_SOURCE_BYTES {
        return Err(refuse(format!(
            "it is larger than {MAX_SOURCE_BYTES} bytes"
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8".to_owned()))?;
    Ok(SourceText {
        path: "<stdin>".to_owned(),
        text,
    })
}

/// Types a file's text, every environment on its own.
///
/// # Errors
/// A report when the text is not TOML, or lacks what nothing can be typed without.
pub fn load(source: &SourceText) -> Result<Loaded<'_>, DiagnosticReport> {
    let (root, syntax_errors) = DeTable::parse_recoverable(&source.text);
    if !syntax_errors.is_empty() {
        return Err(syntax::report(source, syntax_errors));
    }
    let mut base = SpannedTree::new(root);
    let overlays = take_overlays(source, &mut base)?;

    let mut violations = Violations::default();
    let base_environment =
        deserialize_environment(DEFAULT_ENVIRONMENT, None, base.clone(), &mut violations);
    let mut environments = Vec::new();
    for (name, overlay) in &overlays {
        let mut tree = base.clone();
        tree.merge(overlay);
        let span = Some(name.span());
        environments.push(deserialize_environment(
            name.get_ref(),
            span,
            tree,
            &mut violations,
        ));
    }
    if overlays.is_empty() {
        environments.push(base_environment.clone());
    }
    let deserialized: Option<Vec<_>> = environments.into_iter().collect();
    let (Some(base), Some(environments)) = (base_environment, deserialized) else {
        return Err(violations_report(source, violations));
    };
    Ok(Loaded {
        base,
        environments,
        violations: violations.found,
        omitted: violations.omitted,
    })
}

/// The violations of every environment.
#[derive(Default)]
struct Violations {
    found: Vec<(String, Diagnostic)>,
    /// Those of the environment that has most of them.
    omitted: Vec<Omitted>,
}

impl Violations {
    fn omit(&mut self, omitted: Vec<Omitted>) {
        let total = |omitted: &[Omitted]| omitted.iter().map(|more| more.count).sum::<usize>();
        if total(&omitted) > total(&self.omitted) {
            self.omitted = omitted;
        }
    }
}

/// A report of violations alone, for a file that cannot be typed.
fn violations_report(source: &SourceText, violations: Violations) -> DiagnosticReport {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for (_, diagnostic) in violations.found {
        if !diagnostics.contains(&diagnostic) {
            diagnostics.push(diagnostic);
        }
    }
    DiagnosticReport::new(source.clone(), diagnostics).with_omitted(violations.omitted)
}

type Overlays<'s> = Vec<(Spanned<DeString<'s>>, DeTable<'s>)>;

fn take_overlays<'s>(
    source: &SourceText,
    base: &mut SpannedTree<'s>,
) -> Result<Overlays<'s>, DiagnosticReport> {
    let Some(environments) = base.remove("environments") else {
        return Ok(Vec::new());
    };
    let refuse = |span: Range<usize>, found: &str| {
        let diagnostic = schema_errors::diagnostic(
            schema_errors::TYPE,
            format!("`environments` holds one table per environment, not {found}"),
            span,
            format!("this is {found}"),
            "write `[environments.staging]`, and below it the tables to override".to_owned(),
        );
        DiagnosticReport::new(source.clone(), vec![diagnostic])
    };
    let span = environments.span();
    let DeValue::Table(environments) = environments.into_inner() else {
        return Err(refuse(span, "another type"));
    };
    environments
        .into_iter()
        .map(|(name, overlay)| {
            let span = overlay.span();
            match overlay.into_inner() {
                DeValue::Table(table) => Ok((name, table)),
                other => Err(refuse(span, schema_errors::article(other.type_str()))),
            }
        })
        .collect()
}

/// How often what is left of an environment is typed again.
const MAX_ROUNDS: usize = 6;

/// What stands in for a value that nothing can be typed without, where the declared one does not fit its key. The rules
/// say nothing about it, because it counts as discarded.
const PLACEHOLDERS: [(&str, &str, &str); 2] =
    [("fleet", "name", "valet"), ("fleet", "region", "us-east-1")];

/// Types one environment. A value that does not fit is reported and taken out, so that the rest
/// is still typed and checked; `None` when what is left cannot be typed either.
fn deserialize_environment<'s>(
    name: &str,
    span: Option<Range<usize>>,
    mut tree: SpannedTree<'s>,
    violations: &mut Violations,
) -> Option<Environment<'s>> {
    let mut discarded = Vec::new();
    let mut fleet = deserialize(&tree);
    for round in 0..MAX_ROUNDS {
        let Err(error) = &fleet else { break };
        let schema_errors::SchemaViolations {
            violations: found,
            omitted,
        } = schema_errors::violations(&tree, error);
        let is_too_many = !omitted.is_empty();
        violations.omit(omitted);
        for violation in found.iter().rev() {
            discarded.extend(violation.discarded.clone());
            if !is_too_many {
                take_out(&mut tree, violation, round > 0);
            }
        }
        // What is missing in a later round was taken out in an earlier one.
        if round == 0 {
            let found = found.into_iter();
            let found = found.map(|violation| (name.to_owned(), violation.diagnostic));
            violations.found.extend(found);
        }
        if is_too_many {
            return None;
        }
        fleet = deserialize(&tree);
    }
    Some(Environment {
        name: name.to_owned(),
        declared: span.is_some(),
        span,
        fleet: fleet.ok()?,
        tree,
        discarded,
    })
}

/// Takes what a violation is about out of the tree, or puts a placeholder where that would leave nothing to type.
fn take_out(
    tree: &mut SpannedTree<'_>,
    violation: &schema_errors::SchemaViolation,
    is_later: bool,
) {
    let placeholder = PLACEHOLDERS.iter().find(|(table, key, _)| {
        let value = Path::of(table).key(key);
        violation.path == value
            || is_later
                && violation.path == Path::of(table)
                && violation.missing.as_deref() == Some(key)
    });
    match placeholder {
        Some((table, key, value)) => tree.set_string(table, key, value),
        None => tree.remove_at(&violation.path),
    }
}

fn deserialize(tree: &SpannedTree<'_>) -> Result<Fleet, toml::de::Error> {
    Fleet::deserialize(Deserializer::from(tree.root().clone()))
}
