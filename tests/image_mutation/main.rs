//! Every control of the image is removed from its provisioning in turn, and its own check has to
//! notice; and the finished image is weakened in ways that provisioning did not write. It takes minutes, and is run by `just image-deep`:
//!
//! ```sh
//! cargo test --test image_mutation
//! cargo test --test image_mutation -- os.umask
//! ```
//!
//! What came of it is written to `target/image-report/20-mutation.md`.
#![cfg(target_os = "linux")]

mod baked;
mod equivalents;
mod trial;
mod weakenings;
mod weaknesses;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use baked::Baked;
use equivalents::Equivalent;
use libtest_mimic::{Arguments, Failed};
use test_support::pipeline::repository;
use trial::{Outcome, Trial, TrialResult};
use valet_gen::catalog::controls::{self, Control, EnforcedBy};
use weaknesses::Then;

/// Every control that the image holds by itself.
fn of_the_image() -> Vec<&'static Control> {
    controls::all()
        .filter(|control| matches!(control.enforced, EnforcedBy::Image | EnforcedBy::Unit))
        .collect()
}

/// What the trials of weakenings found, by control and weakening.
type SeenByWeakening = Arc<Mutex<BTreeMap<(&'static str, &'static str), Outcome>>>;

/// What the trials of removed controls found, by control.
type FoundByControl = Arc<Mutex<BTreeMap<&'static str, Outcome>>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let Some(baked) = baked::baked() else {
        return ExitCode::SUCCESS;
    };
    let began = Instant::now();
    let found = FoundByControl::default();
    let mut trials = vec![mends_all(baked)];
    trials.extend(refusals(baked));
    for control in of_the_image() {
        trials.push(removal(baked, control, Arc::clone(&found)));
    }
    trials.push(every_control_has_two());
    let seen = SeenByWeakening::default();
    for equivalent in equivalents::all() {
        trials.push(weakening(baked, equivalent, Arc::clone(&seen)));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    let seen = seen.lock().expect("no trial panicked in it");
    if seen.len() == equivalents::all().count() {
        report_equivalents(&seen);
    }
    let found = found.lock().expect("no trial panicked in it");
    if found.len() == of_the_image().len() {
        report(&found, began.elapsed().as_secs());
    }
    conclusion.exit_code()
}

/// A control is removed, and its own check has to notice.
fn removal(
    baked: &'static Baked,
    control: &'static Control,
    found: FoundByControl,
) -> libtest_mimic::Trial {
    let name = format!("without {}", control.id);
    libtest_mimic::Trial::test(name, move || {
        let TrialResult { outcome, said } = Trial::without(control).run(baked);
        let mut found = found.lock().expect("no trial panicked in it");
        found.insert(control.id, outcome);
        match outcome {
            Outcome::Failed => Ok(()),
            Outcome::Passed => Err("nobody noticed".into()),
            Outcome::Refused => Err(format!("there was nothing to check: {said}").into()),
        }
    })
}

/// Two weakenings that add rather than delete, for each control at the least.
fn every_control_has_two() -> libtest_mimic::Trial {
    libtest_mimic::Trial::test("every control is weakened twice", || {
        for control in of_the_image() {
            let own = equivalents::all().filter(|it| it.control == control.id);
            if own.count() < 2 {
                return Err(format!("{} is not", control.id).into());
            }
        }
        Ok(())
    })
}

/// The finished image is weakened by something else than it was made of, and the check has to see it.
fn weakening(
    baked: &'static Baked,
    equivalent: Equivalent,
    seen: SeenByWeakening,
) -> libtest_mimic::Trial {
    let name = format!("{}: {}", equivalent.control, equivalent.what);
    libtest_mimic::Trial::test(name.clone(), move || {
        let TrialResult { outcome, said } = equivalent.run(baked);
        seen.lock()
            .expect("no trial panicked in it")
            .insert((equivalent.control, equivalent.what), outcome);
        match outcome {
            Outcome::Failed => Ok(()),
            Outcome::Passed => Err("the check holds".into()),
            Outcome::Refused => Err(format!("the weakening itself fails: {said}").into()),
        }
    })
}

/// What is planted for a control is mended by that control: without it a check would fail for the
/// weakness alone.
fn mends_all(baked: &'static Baked) -> libtest_mimic::Trial {
    libtest_mimic::Trial::test("with every weakness that is mended", move || {
        let mended = weaknesses::all().filter(|it| it.then == Then::Mended);
        let TrialResult { outcome, said } = Trial::with(mended).run(baked);
        expect(Outcome::Passed, outcome, said)
    })
}

/// No image is made of what cannot be mended.
fn refusals(baked: &'static Baked) -> impl Iterator<Item = libtest_mimic::Trial> {
    let refused = weaknesses::all().filter(|it| it.then == Then::Refused);
    refused.map(move |weakness| {
        let name = format!("with the weakness of {}", weakness.control);
        libtest_mimic::Trial::test(name, move || {
            let TrialResult { outcome, said } = Trial::with([weakness]).run(baked);
            expect(Outcome::Refused, outcome, said)
        })
    })
}

fn expect(expected: Outcome, outcome: Outcome, said: String) -> Result<(), Failed> {
    if outcome == expected {
        return Ok(());
    }
    Err(format!("{outcome:?}, and not {expected:?}: {said}").into())
}

fn report(found: &BTreeMap<&str, Outcome>, seconds: u64) {
    let folder = repository().join("target/image-report");
    fs::create_dir_all(&folder).expect("made");
    let missed = found.values().filter(|it| **it == Outcome::Failed).count();
    let mut text = format!(
        "\n## Mutation\n\n\
         Each of {} controls of the image was removed from provisioning in turn, in a root file system of {}. \
         {missed} of their checks noticed. It took {seconds} s.\n\n\
         A control that the distribution's own defaults would fulfil is tried on a base that was weakened first; \
         provisioning with every control mends all weaknesses together, or makes no image of them.\n\n\
         | control removed | its check | base |\n|---|---|---|\n",
        found.len(),
        baked::suite(),
    );
    for (control, outcome) in found {
        let word = match outcome {
            Outcome::Failed => "fails, as it should",
            Outcome::Passed => "**does not notice**",
            Outcome::Refused => "**never ran**",
        };
        let base = weaknesses::of(control).map_or("", |_| "weakened");
        let _ = writeln!(text, "| `{control}` | {word} | {base} |");
    }
    fs::write(folder.join("20-mutation.md"), text).expect("written");
}

fn report_equivalents(seen: &BTreeMap<(&str, &str), Outcome>) {
    let folder = repository().join("target/image-report");
    fs::create_dir_all(&folder).expect("made");
    let failed = seen.values().filter(|it| **it == Outcome::Failed).count();
    let mut text = format!(
        "\n## Weakened by equivalents\n\n\
         The finished image was weakened in {} ways, each by adding to it or spelling it otherwise, not by removing what \
         provisioning wrote. {failed} were seen by the check of their control.\n\n\
         | control | weakening | seen |\n|---|---|---|\n",
        seen.len(),
    );
    for ((control, what), outcome) in seen {
        let word = match outcome {
            Outcome::Failed => "yes",
            Outcome::Passed => "**no**",
            Outcome::Refused => "**could not be done**",
        };
        let _ = writeln!(text, "| `{control}` | {what} | {word} |");
    }
    fs::write(folder.join("21-equivalents.md"), text).expect("written");
}
