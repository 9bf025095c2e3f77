//! What a rule is, and what it may look at.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;

use super::finding::Findings;
use super::schedule_times;
use crate::calendar::cron::Recurrence;
use crate::catalog::secret_scanner::Credential;
use crate::diagnostic::Severity;
use crate::fleet::Fleet;
use crate::load::{Path, SpannedTree};

/// One rule: what it finds, why that is wrong, and the function that looks for it.
pub struct Rule {
    /// Stable name, `table.problem`.
    pub code: &'static str,
    pub severity: Severity,
    /// The rule as a sentence: what must hold.
    pub title: &'static str,
    /// What goes wrong where it does not hold, with the source of each limit.
    pub reason: &'static str,
    pub run: fn(&Context<'_>, &mut Findings),
}

/// What a rule may look at: one environment, the file around it, and today's date.
pub struct Context<'a> {
    pub environment: &'a str,
    /// The names of all environments.
    pub environments: &'a [&'a str],
    /// The first environment of each prefix of names.
    pub prefixes: &'a BTreeMap<String, (&'a str, &'a Fleet)>,
    /// Where the file names the environment; `None` for the default one.
    pub environment_span: Option<&'a Range<usize>>,
    pub fleet: &'a Fleet,
    pub tree: &'a SpannedTree<'a>,
    /// The file without any overlay.
    pub base: &'a SpannedTree<'a>,
    /// What looks like a credential anywhere in the file, comments included.
    pub credentials: &'a [Credential],
    /// What [`schedule::recurrences`] gives.
    pub(super) recurrences: OnceCell<Vec<Result<Recurrence, String>>>,
    /// What the rules of [`schedule_times`] go through.
    pub(super) occurrences: OnceCell<Vec<schedule_times::Occurrence<'a>>>,
    /// The day on which waivers are held against their expiry.
    pub today: Date,
}

impl Context<'_> {
    /// Whether the user declared something at this path, rather than leaving it to its default.
    #[must_use]
    pub fn is_declared(&self, path: &str) -> bool {
        self.tree.contains(&Path::of(path))
    }
}
