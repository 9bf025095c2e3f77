//! What a check found.

use super::facts::NotKnown;
use crate::diagnostic::{Diagnostic, Explanation, Subject};
use crate::load::{Path, SpannedTree};

/// What a check found, and the place in fleet.toml that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub code: &'static str,
    pub path: Path,
    pub message: String,
    pub label: String,
    pub help: String,
}

/// All that a check found, and what it could not find out.
#[derive(Debug, Default)]
pub struct Findings {
    pub list: Vec<Finding>,
    pub not_known: Vec<NotKnown>,
}

impl Findings {
    /// `message` says what is wrong, as one sentence without a full stop; `label` what is so at that place.
    pub fn add(
        &mut self,
        code: &'static str,
        path: Path,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.list.push(Finding {
            code,
            path,
            message: message.into(),
            label: label.into(),
            help: help.into(),
        });
    }

    /// Says that a question has no answer; the check goes on with others.
    pub fn not_known(&mut self, question: NotKnown) {
        self.not_known.push(question);
    }
}

impl Finding {
    /// Gives it its place in the text, and what its code stands for.
    #[must_use]
    pub fn into_diagnostic(self, explanation: &Explanation, tree: &SpannedTree<'_>) -> Diagnostic {
        Diagnostic {
            code: explanation.code,
            severity: explanation.severity,
            title: explanation.title,
            reason: explanation.reason,
            message: self.message,
            subject: Subject::Source,
            span: tree.span(&self.path),
            label: self.label,
            related: Vec::new(),
            help: self.help,
            environments: Vec::new(),
        }
    }
}
