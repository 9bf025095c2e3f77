//! The list of tests, and what becomes of one whose program is missing.

use libtest_mimic::{Failed, Trial};

pub use crate::problem::Problem;
use crate::{programs, report};

/// The tests of this target.
#[derive(Default)]
pub struct Trials(Vec<Trial>);

impl Trials {
    /// Adds a test that needs these programs on PATH.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        needed: &[&'static str],
        test: impl FnOnce() -> Result<(), Problem> + Send + 'static,
    ) {
        let name = name.into();
        let missing = needed
            .iter()
            .copied()
            .find(|program| programs::find(program).is_none());
        if let Some(program) = missing {
            self.0
                .push(missing_trial(name, format!("{program} is not on PATH")));
            return;
        }
        let called = name.clone();
        self.0.push(Trial::test(name, move || match test() {
            Ok(()) => Ok(()),
            Err(Problem::Failed(problem)) => Err(Failed::from(problem)),
            Err(Problem::Missing(what)) if in_ci() => Err(refused(&what)),
            Err(Problem::Missing(what)) => {
                report::skip(&called, &what);
                Ok(())
            }
        }));
    }

    pub fn into_vec(self) -> Vec<Trial> {
        self.0
    }
}

/// A test that cannot run here: ignored, so that the count of ignored tests shows it too.
fn missing_trial(name: String, why: String) -> Trial {
    if in_ci() {
        return Trial::test(name, move || Err(refused(&why)));
    }
    report::skip(&name, &why);
    Trial::test(name, || Ok(())).with_ignored_flag(true)
}

fn refused(what: &str) -> Failed {
    Failed::from(format!("{what}, and with CI=true no test may be skipped"))
}

/// Whether this is continuous integration, where nothing may be skipped.
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}
