//! One thing that was found: what is wrong, where, why, and what to do.

use std::fmt::Write as _;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

/// How serious a finding is. Errors stop the pipeline, warnings do not unless `--deny-warnings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It stops the pipeline.
    Error,
    /// It does not, unless `--deny-warnings` is given.
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

/// Everything that a finding says, for formats that have one field for it.
pub fn plain_text(diagnostic: &Diagnostic) -> String {
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
