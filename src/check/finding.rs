//! What a rule says about one place, before it becomes a diagnostic.

use std::ops::Range;

use super::rule::Rule;
use crate::diagnostic::{Diagnostic, Related, Subject};
use crate::load::{DiscardedSetting, Path, SpannedTree};

/// What a finding points at.
#[derive(Clone, Debug)]
enum Location {
    Value(Path),
    Key(Path),
    /// A place that no path leads to, such as a comment.
    Text(Range<usize>),
}

/// One thing that a rule found.
#[derive(Clone, Debug)]
pub struct Finding {
    location: Location,
    message: String,
    label: String,
    help: String,
    related: Vec<(Path, String)>,
}

impl Finding {
    /// A finding about the value at `path`. `message` says what is wrong, as one sentence without
    /// a full stop.
    #[must_use]
    pub fn new(path: Path, message: impl Into<String>) -> Self {
        Self::of(Location::Value(path), message)
    }

    /// A finding about bytes of the text.
    #[must_use]
    pub fn in_text(span: Range<usize>, message: impl Into<String>) -> Self {
        Self::of(Location::Text(span), message)
    }

    fn of(location: Location, message: impl Into<String>) -> Self {
        Self {
            location,
            message: message.into(),
            label: String::new(),
            help: String::new(),
            related: Vec::new(),
        }
    }

    /// Points at the key instead of the value.
    #[must_use]
    pub fn on_key(mut self) -> Self {
        if let Location::Value(path) = self.location {
            self.location = Location::Key(path);
        }
        self
    }

    /// What is wrong at that very place, in a few words under the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// A second place that explains the first.
    #[must_use]
    pub fn related(mut self, path: Path, label: impl Into<String>) -> Self {
        self.related.push((path, label.into()));
        self
    }

    /// Whether it may be found only because a setting was discarded with a violation, so that a default
    /// stood in its place. A finding about what the user declared, and about nothing near the discarded
    /// setting, is not.
    #[must_use]
    pub fn may_be_consequence_of(
        &self,
        discarded: &DiscardedSetting,
        tree: &SpannedTree<'_>,
    ) -> bool {
        let (Location::Value(path) | Location::Key(path)) = &self.location else {
            return false;
        };
        let (DiscardedSetting::Value(gone) | DiscardedSetting::Key(gone)) = discarded;
        if gone.table().is_some() && path.table() != gone.table() {
            return false;
        }
        let of_this_table = |related: &Path| related.table() == path.table();
        !tree.contains(path)
            || path.overlaps(gone)
            || self.related.iter().any(|(related, _)| of_this_table(related))
            // A misspelt key is reported with the one that was meant; its neighbours are not in doubt.
            || matches!(discarded, DiscardedSetting::Value(_)) && path.is_beside(gone)
    }

    /// Gives the finding its place in the text and its rule's code.
    pub(super) fn into_diagnostic(self, rule: &Rule, tree: &SpannedTree<'_>) -> Diagnostic {
        let span = match self.location {
            Location::Value(path) => tree.span(&path),
            Location::Key(path) => tree.key_span(&path).unwrap_or_else(|| tree.span(&path)),
            Location::Text(span) => span,
        };
        Diagnostic {
            code: rule.code,
            severity: rule.severity,
            title: rule.title,
            reason: rule.reason,
            message: self.message,
            subject: Subject::Source,
            span,
            label: self.label,
            related: self
                .related
                .into_iter()
                // A place that was left to its default has no text to point at.
                .filter(|(path, _)| tree.contains(path))
                .map(|(path, label)| Related {
                    span: tree.span(&path),
                    label,
                })
                .collect(),
            help: self.help,
            environments: Vec::new(),
        }
    }
}

/// What one rule found in one environment.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    pub fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
