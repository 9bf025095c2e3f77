//! Every finding about one file.

use std::collections::BTreeMap;

use serde::Serialize;

use super::finding::{Diagnostic, Severity, SourceText};
use super::redact;

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
