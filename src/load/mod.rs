//! First stage: the text of a fleet.toml to typed tables, one set per environment.
//!
//! The common way is serde alone. Only when a table does not fit its type is the JSON Schema
//! asked, because it names every violation at once where serde stops at the first.

mod schema_errors;
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

use crate::diagnostic::{Diagnostic, DiagnosticReport, SourceText};
use crate::fleet::Fleet;

/// The environment of a file that declares none.
pub const DEFAULT_ENVIRONMENT: &str = "production";

/// The largest fleet.toml that is read, in bytes. A fleet of a thousand tables takes a tenth.
pub const SOURCE_LIMIT: u64 = 4 * 1024 * 1024;

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
/// When the file cannot be opened, is not UTF-8, or is larger than [`SOURCE_LIMIT`].
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
            format!("it is larger than {SOURCE_LIMIT} bytes"),
            "split the fleet: one file describes one fleet",
        )
    };
    if metadata.len() > SOURCE_LIMIT {
        return Err(too_large());
    }
    let unreadable = |error: std::io::Error| refuse(error.to_string(), "make the file readable");
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // A pipe or a device tells no length and may never end.
    file.take(SOURCE_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > SOURCE_LIMIT {
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

/// Types a file's text, every environment on its own.
///
/// # Errors
/// A report when the text is not TOML, or lacks what nothing can be typed without.
pub fn load(source: &SourceText) -> Result<Loaded<'_>, DiagnosticReport> {
    let (root, syntax_errors) = DeTable::parse_recoverable(&source.text);
    if !syntax_errors.is_empty() {
        let diagnostics = syntax_errors
            .iter()
            .map(|error| syntax_diagnostic(&source.text, error))
            .collect();
        return Err(DiagnosticReport::new(source.clone(), diagnostics));
    }
    let mut base = SpannedTree::new(root);
    let overlays = take_overlays(source, &mut base)?;

    let mut violations = Vec::new();
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
        violations,
    })
}

/// A report of violations alone, for a file that cannot be typed.
fn violations_report(
    source: &SourceText,
    violations: Vec<(String, Diagnostic)>,
) -> DiagnosticReport {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for (_, diagnostic) in violations {
        if !diagnostics.contains(&diagnostic) {
            diagnostics.push(diagnostic);
        }
    }
    DiagnosticReport::new(source.clone(), diagnostics)
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

/// Types one environment. A value that does not fit is reported and taken out, so that the rest
/// is still typed and checked; `None` when what is left cannot be typed either.
fn deserialize_environment<'s>(
    name: &str,
    span: Option<Range<usize>>,
    mut tree: SpannedTree<'s>,
    violations: &mut Vec<(String, Diagnostic)>,
) -> Option<Environment<'s>> {
    let mut discarded = Vec::new();
    let mut fleet = deserialize(&tree);
    if let Err(error) = &fleet {
        let found = schema_errors::violations(&tree, error);
        for violation in found.iter().rev() {
            discarded.extend(violation.discarded.clone());
            tree.remove_at(&violation.path);
        }
        violations.extend(
            found
                .into_iter()
                .map(|violation| (name.to_owned(), violation.diagnostic)),
        );
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

fn deserialize(tree: &SpannedTree<'_>) -> Result<Fleet, toml::de::Error> {
    Fleet::deserialize(Deserializer::from(tree.root().clone()))
}

/// A span that can be pointed at: one between two characters takes in the next one, or the last
/// one of the line.
fn widen(text: &str, span: Range<usize>) -> Range<usize> {
    if !span.is_empty() {
        return span;
    }
    let at = text.floor_char_boundary(span.start);
    let after = text[at..].chars().next().filter(|next| !next.is_control());
    let before = text[..at].chars().next_back();
    match (after, before) {
        (Some(after), _) => at..at + after.len_utf8(),
        (None, Some(before)) => at - before.len_utf8()..at,
        (None, None) => at..at,
    }
}

fn syntax_diagnostic(text: &str, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    let (message, label, help) = match key_without_value(text, span.start) {
        Some(key) => (
            format!("`{key}` has no value"),
            "a value belongs here".to_owned(),
            format!("write one after the equals sign, or take `{key}` out to have its default"),
        ),
        None => (
            "the file is not valid TOML".to_owned(),
            error.message().lines().collect::<Vec<_>>().join("; "),
            "see https://toml.io for how TOML writes strings, arrays and tables".to_owned(),
        ),
    };
    schema_errors::diagnostic(
        schema_errors::SYNTAX,
        message,
        widen(text, span),
        label,
        help,
    )
}

/// The key before an equals sign that nothing follows on its line, which is what is left when a
/// value is deleted. The parser speaks of the string that it would have liked.
fn key_without_value(text: &str, at: usize) -> Option<&str> {
    let (before, after) = text.split_at_checked(at)?;
    let line_before = before.rsplit('\n').next()?;
    let line_after = after.lines().next().unwrap_or_default().trim();
    let key = line_before.trim_end().strip_suffix('=')?.trim();
    let is_bare = !key.is_empty() && !key.contains(['=', '{', '[', '"', '#']);
    (is_bare && (line_after.is_empty() || line_after.starts_with('#'))).then_some(key)
}
