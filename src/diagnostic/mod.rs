//! What the generator says about a fleet.toml: what is wrong, where, why, and what to do.

mod github;
mod human;
mod json;
mod redact;
mod sarif;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde::Serialize;

pub(crate) use sarif::{document as sarif_document, uri};

/// How serious a finding is. Errors stop the pipeline, warnings do not unless `--deny-warnings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

impl Severity {
    /// The word that every output format prints.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A second place that explains the first, such as the earlier of two duplicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    pub span: Range<usize>,
    pub label: String,
}

/// What a code stands for: what must hold, and what goes wrong where it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Stable name, `table.problem`; the key of docs/diagnostics.md.
    pub code: &'static str,
    pub severity: Severity,
    pub title: &'static str,
    pub reason: &'static str,
}

/// What a diagnostic is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// The bytes at [`Diagnostic::span`] of the report's source.
    #[default]
    Source,
    /// A file as a whole, by its path. The span is not printed.
    File(String),
    /// A resource or module of Terraform, by its address. The span is not printed.
    TerraformAddress(String),
}

/// One problem, with its location and its remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable name, `table.problem`; the key of docs/diagnostics.md.
    pub code: &'static str,
    pub severity: Severity,
    /// What its code stands for, as [`Explanation`] has it.
    pub title: &'static str,
    pub reason: &'static str,
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
    pub subject: Subject,
    /// Byte range in the source text, where the subject is [`Subject::Source`].
    pub span: Range<usize>,
    /// What is wrong at that very place, printed under the caret.
    pub label: String,
    pub related: Vec<Related>,
    /// What to do about it.
    pub help: String,
    /// Environments that the finding is limited to; empty when it holds in all of them.
    pub environments: Vec<String>,
}

/// The text that the findings of a [`DiagnosticReport`] point into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// The path as the user typed it; printed, never opened again.
    pub path: String,
    pub text: String,
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiagnosticFormat {
    /// Excerpts with carets, for people.
    #[default]
    Human,
    /// One JSON document, for scripts.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitHub Actions workflow commands, for annotations on a pull request.
    Github,
}

/// Every finding about one file, in the order of their positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagnosticReport {
    pub source: SourceText,
    pub diagnostics: Vec<Diagnostic>,
    /// Findings that are counted and not listed, by their kind.
    pub omitted: Vec<Omitted>,
}

/// Findings of one code that a report counts and does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Omitted {
    pub code: &'static str,
    pub severity: Severity,
    pub count: usize,
}

impl Omitted {
    /// What stands after the last finding of the kind that is listed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("and {} more of {}", self.count, self.code)
    }
}

/// Findings of one code that a report lists.
pub const MAX_LISTED: usize = 20;

impl DiagnosticReport {
    /// Sorts the findings by position, errors before warnings at the same place, and takes
    /// credentials out of what they say.
    ///
    /// At most [`MAX_LISTED`] findings of a code are listed, the first ones; the others are counted.
    #[must_use]
    pub fn new(source: SourceText, mut diagnostics: Vec<Diagnostic>) -> Self {
        sort(&mut diagnostics);
        let omitted = omit(&mut diagnostics);
        redact::redact_diagnostics(&source.text, &mut diagnostics);
        Self {
            source,
            diagnostics,
            omitted,
        }
    }

    /// A report about things that have no text to point into, in which every finding is listed: of a
    /// plan's changes, the one left out may be the one that matters.
    #[must_use]
    pub fn complete(mut diagnostics: Vec<Diagnostic>) -> Self {
        sort(&mut diagnostics);
        redact::redact_diagnostics("", &mut diagnostics);
        Self {
            source: SourceText {
                path: String::new(),
                text: String::new(),
            },
            diagnostics,
            omitted: Vec::new(),
        }
    }

    /// Adds findings that nobody has put into words, because there are more of their code than are listed.
    #[must_use]
    pub fn with_omitted(mut self, omitted: impl IntoIterator<Item = Omitted>) -> Self {
        for more in omitted.into_iter().filter(|more| more.count > 0) {
            match self
                .omitted
                .iter_mut()
                .find(|known| known.code == more.code)
            {
                Some(known) => known.count += more.count,
                None => self.omitted.push(more),
            }
        }
        self
    }

    /// A report about things that have no text to point into: files as a whole, or addresses.
    #[must_use]
    pub fn without_source(diagnostics: Vec<Diagnostic>) -> Self {
        let source = SourceText {
            path: String::new(),
            text: String::new(),
        };
        Self::new(source, diagnostics)
    }

    /// How many findings there are, those included that are not listed.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let listed = self
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count();
        let omitted = self.omitted.iter().filter(|more| more.severity == severity);
        listed + omitted.map(|more| more.count).sum::<usize>()
    }

    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }
}

fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| {
        (a.span.start, a.severity, a.code, &a.message).cmp(&(
            b.span.start,
            b.severity,
            b.code,
            &b.message,
        ))
    });
}

/// Takes out what is more than [`MAX_LISTED`] of a code.
fn omit(diagnostics: &mut Vec<Diagnostic>) -> Vec<Omitted> {
    let mut listed: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut omitted: BTreeMap<&'static str, Omitted> = BTreeMap::new();
    diagnostics.retain(|diagnostic| {
        let Diagnostic { code, severity, .. } = *diagnostic;
        let listed = listed.entry(code).or_default();
        *listed += 1;
        if *listed <= MAX_LISTED {
            return true;
        }
        let none = Omitted {
            code,
            severity,
            count: 0,
        };
        omitted.entry(code).or_insert(none).count += 1;
        false
    });
    omitted.into_values().collect()
}

/// Prints reports of several files as one document of the chosen format.
#[must_use]
pub fn print(reports: &[DiagnosticReport], format: DiagnosticFormat, color: bool) -> String {
    match format {
        DiagnosticFormat::Human => human::print(reports, color),
        DiagnosticFormat::Json => json::print(reports),
        DiagnosticFormat::Sarif => sarif::print(reports),
        DiagnosticFormat::Github => github::print(reports),
    }
}

/// Everything that a finding says, for formats that have one field for it.
fn plain_text(diagnostic: &Diagnostic) -> String {
    let mut text = format!("{}: {}", diagnostic.message, diagnostic.label);
    if !diagnostic.environments.is_empty() {
        let _ = write!(
            text,
            "\nonly in environment {}",
            diagnostic.environments.join(", ")
        );
    }
    let _ = write!(text, "\nhelp: {}", diagnostic.help);
    text
}

/// A position as editors count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Position {
    /// From 1.
    line: usize,
    /// From 1, in characters.
    column: usize,
}

/// Finds the line and column of a byte offset.
fn position(text: &str, offset: usize) -> Position {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}
