//! What a check is, and what it may look at.

use super::facts::{Facts, Stop};
use super::finding::Findings;
use crate::fleet::Fleet;
use crate::load::{Path, SpannedTree};
use crate::render::FileSet;
use crate::resolve::{Environment, Plan};

/// One thing that is held against the account.
pub struct Check {
    /// What it looks at, in a few words.
    pub subject: &'static str,
    pub scope: Scope,
    /// Whether `bake` asks it first.
    pub concerns_bakes: bool,
    /// All that it asks, as IAM names it. Dry runs are not among them: they ask for what they would do.
    pub actions: &'static [&'static str],
    pub run: fn(&Context<'_>, &Facts, &mut Findings) -> Result<(), Stop>,
}

/// How often a check runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// For each environment.
    Environment,
    /// Once.
    Account,
}

/// Whose account it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// 12 digits.
    pub account: String,
    /// Such as `aws`.
    pub partition: String,
}

/// What a check may look at.
pub struct Context<'c> {
    pub caller: &'c Caller,
    pub plan: &'c Plan,
    /// Of an account's check: the first one.
    pub environment: &'c Environment,
    pub fleet: &'c Fleet,
    pub tree: &'c SpannedTree<'c>,
    pub files: &'c FileSet,
    /// Whether Terraform's variable `github_repository` is known to name one.
    pub names_repository: bool,
    /// Whether a bake is about to begin, for which Terraform has to have been applied.
    pub is_before_bake: bool,
    /// Whether the caller is who will apply, and is asked by dry runs what it may do.
    pub with_dry_runs: bool,
}

impl Context<'_> {
    #[must_use]
    pub fn region(&self) -> &str {
        &self.environment.identity.region
    }

    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.environment.identity.prefix
    }

    /// The path, where it is declared; otherwise the other one.
    #[must_use]
    pub fn declared_or(&self, path: &str, other: &str) -> Path {
        let path = Path::of(path);
        if self.tree.contains(&path) {
            path
        } else {
            Path::of(other)
        }
    }

    /// Whether tags say that a resource is this environment's own, or the account's: Terraform has made it before.
    #[must_use]
    pub fn is_own(&self, tags: &serde_json::Map<String, serde_json::Value>, module: &str) -> bool {
        let is = |key: &str, value: &str| tags.get(key).and_then(|it| it.as_str()) == Some(value);
        is("ManagedBy", "valet-gen")
            && is("Fleet", &self.environment.identity.fleet)
            && is("Environment", module)
    }
}
