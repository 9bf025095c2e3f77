//! What verify.sh says of an image.

use serde::Deserialize;

use crate::request::CheckCounts;

/// What is read of its JSON document.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct VerifyReport {
    checks: Vec<VerifyCheck>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct VerifyCheck {
    #[serde(default)]
    control: String,
    result: String,
}

/// The most controls that a message names.
const MAX_NAMED: usize = 5;

impl VerifyReport {
    #[must_use]
    pub fn count(&self) -> CheckCounts {
        let of = |result: &str| self.checks.iter().filter(|it| it.result == result).count() as u32;
        CheckCounts {
            passed: of("passed"),
            failed: of("failed"),
            skipped: of("skipped"),
        }
    }

    /// What is wrong with it, naming the controls that do not hold. `None` where they all do.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let checks = self.count();
        let failed = self.checks.iter().filter(|it| it.result == "failed");
        let failed: Vec<&str> = failed.map(|it| it.control.as_str()).collect();
        checks_problem(checks, &failed)
    }
}

/// What is wrong with these results of verify.sh; `failed` are the controls that do not hold.
#[must_use]
pub fn checks_problem(checks: CheckCounts, failed: &[&str]) -> Option<String> {
    if checks.failed == 0 && checks.passed > 0 {
        return None;
    }
    let CheckCounts {
        passed,
        failed: count,
        ..
    } = checks;
    let mut problem = format!("of its checks {passed} passed and {count} failed");
    let named: Vec<&str> = failed.iter().copied().filter(|it| !it.is_empty()).collect();
    if !named.is_empty() {
        let shown = &named[..named.len().min(MAX_NAMED)];
        problem += &format!(": {}", shown.join(", "));
        if named.len() > MAX_NAMED {
            problem += &format!(" and {} more", named.len() - MAX_NAMED);
        }
    }
    Some(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(results: &[(&str, &str)]) -> VerifyReport {
        let checks = results.iter().map(|(control, result)| VerifyCheck {
            control: (*control).to_owned(),
            result: (*result).to_owned(),
        });
        VerifyReport {
            checks: checks.collect(),
        }
    }

    #[test]
    fn controls_that_do_not_hold_are_named() {
        let whole = report(&[("a", "passed"), ("b", "skipped")]);
        assert_eq!(whole.problem(), None);
        let broken = report(&[("a", "passed"), ("image.logs-empty", "failed")]);
        assert_eq!(
            broken.problem().as_deref(),
            Some("of its checks 1 passed and 1 failed: image.logs-empty")
        );
        let many = report(&[("a", "failed"); 7]);
        let expected = "of its checks 0 passed and 7 failed: a, a, a, a, a and 2 more";
        assert_eq!(many.problem().as_deref(), Some(expected));
    }

    #[test]
    fn a_report_without_a_check_is_no_proof() {
        assert!(report(&[]).problem().is_some());
        assert!(report(&[("a", "skipped")]).problem().is_some());
    }
}
