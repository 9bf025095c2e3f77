//! The list of tests, and what becomes of one whose program is missing.

use libtest_mimic::{Failed, Trial};

pub use test_support::problem::Problem;
use test_support::{is_ci, programs, skip};

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
                .push(missing_trial(name, &format!("{program} is not on PATH")));
            return;
        }
        let called = name.clone();
        self.0.push(Trial::test(name, move || match test() {
            Ok(()) => Ok(()),
            Err(Problem::Failed(problem)) => Err(Failed::from(problem)),
            Err(Problem::Missing(what)) => {
                skip(&format!("{called}: {what}"));
                Ok(())
            }
        }));
    }

    pub fn into_vec(self) -> Vec<Trial> {
        self.0
    }
}

/// A test that cannot run here: ignored, so that the count of ignored tests shows it too.
fn missing_trial(name: String, why: &str) -> Trial {
    let why = format!("{name}: {why}");
    if is_ci() {
        return Trial::test(name, move || {
            skip(&why);
            Ok(())
        });
    }
    skip(&why);
    Trial::test(name, || Ok(())).with_ignored_flag(true)
}
