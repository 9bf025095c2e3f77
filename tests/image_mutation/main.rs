//! Every control of the image is removed from its provisioning in turn, and its own check has to
//! notice. It takes minutes, and is run by `just image-deep`:
//!
//! ```sh
//! cargo test --test image_mutation
//! ```
//!
//! What came of it is written to `target/image-report/20-mutation.md`.
#![cfg(target_os = "linux")]

#[path = "../image_root/baked.rs"]
#[allow(
    dead_code,
    reason = "a part of it is for those who look at the image itself"
)]
mod baked;
#[path = "../support/mod.rs"]
mod support;
mod trial;
mod weaknesses;

use std::fmt::Write as _;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use support::pipeline::repository;
use trial::{Found, Trial};
use valet_gen::catalog::controls::{self, Control, Enforced};
use weaknesses::WEAKNESSES;

/// Every control that the image holds by itself.
fn of_the_image() -> Vec<&'static Control> {
    controls::all()
        .filter(|control| matches!(control.enforced, Enforced::Image | Enforced::Unit))
        .collect()
}

/// Runs work for each of these, as many at a time as there are processors.
fn for_each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(number) else {
                        return;
                    };
                    let result = (number, work(item));
                    done.lock().expect("no worker panics").push(result);
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no worker panics");
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn every_control_that_is_removed_is_missed() {
    let Some(baked) = baked::baked() else { return };
    let began = Instant::now();
    let trials = of_the_image();
    let found = for_each(&trials, |control| Trial::without(control).run(baked));
    let mut survivors = Vec::new();
    for (control, found) in trials.iter().zip(&found) {
        if found.result != "failed" {
            survivors.push(format!("{}: {} {}", control.id, found.result, found.said));
        }
    }
    report(&trials, &found, began.elapsed().as_secs());
    assert!(
        survivors.is_empty(),
        "removed, and nobody noticed: {survivors:#?}"
    );
}

/// What is planted for a control is mended by that control: without it a check would fail for the
/// weakness alone.
#[test]
fn every_weakness_is_mended_by_provisioning() {
    let Some(baked) = baked::baked() else { return };
    for (control, _) in WEAKNESSES {
        assert!(controls::find(control).is_some(), "{control} is no control");
    }
    let found = Trial::with_every_weakness().run(baked);
    assert_eq!(found.result, "passed", "{}", found.said);
}

fn report(trials: &[&Control], found: &[Found], seconds: u64) {
    let folder = repository().join("target/image-report");
    fs::create_dir_all(&folder).expect("made");
    let missed = found.iter().filter(|it| it.result == "failed").count();
    let planted = |id: &str| WEAKNESSES.iter().any(|(control, _)| *control == id);
    let mut text = format!(
        "## Mutation\n\n\
         Each of {} controls of the image was removed from provisioning in turn, in a root file system of {}. \
         {missed} of their checks noticed. It took {seconds} s.\n\n\
         A control that the distribution's own defaults would fulfil is tried on a base that was weakened first; \
         all weaknesses together are mended by provisioning with every control.\n\n\
         | control removed | its check | base |\n|---|---|---|\n",
        trials.len(),
        baked::suite(),
    );
    for (control, found) in trials.iter().zip(found) {
        let word = if found.result == "failed" {
            "fails, as it should"
        } else {
            "**does not notice**"
        };
        let base = if planted(control.id) { "weakened" } else { "" };
        let _ = writeln!(text, "| `{}` | {word} | {base} |", control.id);
    }
    fs::write(folder.join("20-mutation.md"), text).expect("written");
}
