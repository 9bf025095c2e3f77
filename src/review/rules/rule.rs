//! What a rule of the plan review is, and what it says.

use crate::diagnostic::{Diagnostic, Explanation, Severity, Subject};
use crate::review::terraform_plan::{ResourceChange, TerraformPlan, Values};

/// One rule about a plan.
pub struct Rule {
    /// Stable name, `plan.problem`.
    pub code: &'static str,
    pub severity: Severity,
    /// The rule as a sentence: what must hold.
    pub title: &'static str,
    /// What goes wrong where it does not hold.
    pub reason: &'static str,
    /// Looks at one resource that changes.
    pub run: fn(&Context<'_>, &mut Findings),
}

impl Rule {
    /// What `explain` and the reference say.
    #[must_use]
    pub fn explanation(&self) -> Explanation {
        Explanation {
            code: self.code,
            severity: self.severity,
            title: self.title,
            reason: self.reason,
        }
    }
}

/// What a rule may look at: one resource that changes, and the plan around it.
pub struct Context<'a> {
    pub plan: &'a TerraformPlan<'a>,
    pub change: &'a ResourceChange<'a>,
    pub values: &'a Values,
}

/// One thing that a rule found about the resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub message: String,
    pub label: String,
    pub help: String,
}

/// What one rule found about one resource.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// `message` says what is wrong, `label` the details, `help` what to do.
    pub fn push(
        &mut self,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.0.push(Finding {
            message: message.into(),
            label: label.into(),
            help: help.into(),
        });
    }

    pub fn into_vec(self) -> Vec<Finding> {
        self.0
    }
}

/// A finding as a diagnostic about an address.
#[must_use]
pub fn diagnostic(explanation: &Explanation, address: &str, finding: Finding) -> Diagnostic {
    Diagnostic {
        code: explanation.code,
        severity: explanation.severity,
        title: explanation.title,
        reason: explanation.reason,
        message: finding.message,
        subject: Subject::TerraformAddress(address.to_owned()),
        span: 0..0,
        label: finding.label,
        related: Vec::new(),
        help: finding.help,
        environments: Vec::new(),
    }
}
