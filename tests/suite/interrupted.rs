//! Runs that are killed, that meet each other, and that may not write: every file is whole, old
//! or new, and the next run finishes.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::tempdir;
use test_support::cli::{command, valet_gen};
use test_support::output_fixture::{
    OutputFixture, files, paths, rendered_texts, rendering_of, texts, three,
};
use test_support::pipeline::{fixture_text, rendered};
use valet_gen::write::{Manifest, OwnFiles};

/// A fleet with so many environments that writing takes a while. `word` is in every file that
/// matters.
pub fn many(word: &str) -> String {
    let mut text = fixture_text("golden-minimal");
    text.push_str(&format!("[fleet.tags]\nword = \"{word}\"\n"));
    for number in 10..22 {
        text.push_str(&format!("[environments.e{number}]\n"));
    }
    // The first has an environment that the second lacks, and the other way round.
    text.push_str(&format!("[environments.only-{word}]\n"));
    text
}

pub fn start(folder: &Path, fleet: &str) -> Child {
    command(folder)
        .args(["render", fleet, "--out", "out", "--prune"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("valet-gen runs")
}

/// How long a whole run takes at this moment.
fn length_of_a_run(folder: &Path, fleets: [&str; 2]) -> Duration {
    let mut longest = Duration::ZERO;
    for fleet in fleets {
        let started = Instant::now();
        assert!(start(folder, fleet).wait().expect("it ends").success());
        longest = longest.max(started.elapsed());
    }
    longest
}

/// Kills runs at times spread over the length of a whole one, until enough of them were hit while
/// they wrote. After each, `look` is given the fleet and says whether it was.
///
/// The length is measured again and again: it depends on what else the machine does.
fn kill_at_every_moment(folder: &Path, fleets: [&str; 2], mut look: impl FnMut(&str) -> bool) {
    const MOMENTS: u32 = 24;
    let mut longest = length_of_a_run(folder, fleets);
    let mut halfway = 0;
    for kill in 0..20 * MOMENTS {
        if kill > 0 && kill % MOMENTS == 0 {
            longest = length_of_a_run(folder, fleets);
        }
        let fleet = fleets[kill as usize % 2];
        let mut run = start(folder, fleet);
        // A step that has no divisor in common with the moments reaches all of them.
        #[expect(
            clippy::disallowed_methods,
            reason = "the moment of the interruption is what the test varies"
        )]
        sleep(longest * (kill * 7 % MOMENTS + 1) / MOMENTS);
        run.kill().expect("it can be killed");
        run.wait().expect("it ends");
        halfway += u32::from(look(fleet));
        if kill >= MOMENTS && halfway >= 4 {
            return;
        }
    }
    panic!("only {halfway} runs were killed while they wrote, which proves too little");
}

pub fn part_files(folder: &Path) -> Vec<String> {
    let mut all = paths(folder);
    all.retain(|path| path.ends_with(".valet-gen-part"));
    all
}

#[test]
fn a_killed_run_leaves_every_file_whole_and_the_next_one_finishes() {
    let whole = tempdir().expect("a folder");
    let fleets = ["one", "two"].map(|word| {
        fs::write(whole.path().join(word), many(word)).expect("written");
        rendered(&many(word))
    });
    let out = whole.path().join("out");
    kill_at_every_moment(whole.path(), ["one", "two"], |fleet| {
        let mut found = texts(&out);
        let manifest: serde_json::Value =
            serde_json::from_str(&found.remove("MANIFEST.json").expect("always there"))
                .expect("whole");
        found.retain(|path, _| !path.ends_with(".valet-gen-part"));
        for (path, text) in &found {
            let is_whole = fleets.iter().any(|files| files.get(path) == Some(text));
            assert!(is_whole, "{path} is neither old nor new:\n{text}");
            assert!(
                !manifest["files"][path].is_null(),
                "{path} is not known to be ours"
            );
        }
        let is_halfway = fleets.iter().all(|files| *files != found);
        let new = &fleets[usize::from(fleet == "two")];
        assert_manifest_lags(&manifest, &found, new);
        let done = valet_gen(whole.path(), ["render", fleet, "--out", "out", "--prune"]);
        done.success();
        assert_eq!(&rendered_texts(&out), new);
        assert_eq!(part_files(whole.path()), Vec::<String>::new());
        is_halfway
    });
}

/// A file whose sum is the new one has come: the manifest is never ahead of its files.
fn assert_manifest_lags(
    manifest: &serde_json::Value,
    found: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) {
    let sums = Manifest::of(&rendering_of(new, &OwnFiles::default()), None).files;
    for (path, text) in found {
        if manifest["files"][path] == sums.get(path).map_or("", String::as_str) {
            assert_eq!(
                Some(text),
                new.get(path),
                "{path} is reported before it came"
            );
        }
    }
}

/// A first run is no other: what it wrote before it was killed is whole, and known to be ours.
#[test]
fn a_killed_first_run_leaves_whole_files_and_the_next_one_finishes() {
    let whole = tempdir().expect("a folder");
    fs::write(whole.path().join("one"), many("one")).expect("written");
    let expected = rendered(&many("one"));
    let out = whole.path().join("out");
    kill_at_every_moment(whole.path(), ["one", "one"], |_| {
        let mut found = if out.exists() {
            rendered_texts(&out)
        } else {
            BTreeMap::new()
        };
        found.retain(|path, _| !path.ends_with(".valet-gen-part"));
        for (path, text) in &found {
            assert_eq!(Some(text), expected.get(path), "{path} is whole");
        }
        let is_halfway = !found.is_empty() && found != expected;
        valet_gen(whole.path(), ["render", "one", "--out", "out"]).success();
        assert_eq!(rendered_texts(&out), expected);
        assert_eq!(part_files(whole.path()), Vec::<String>::new());
        fs::remove_dir_all(&out).expect("removed");
        is_halfway
    });
}

#[test]
fn what_an_interrupted_run_left_is_swept_up() {
    let fixture = OutputFixture::with(&three());
    fixture.put(
        "staging/terraform/.main.tf.4711.valet-gen-part",
        "half a li",
    );
    fixture.put("staging/.RUNBOOKS.md.1.valet-gen-part", "");
    fixture.put(".MANIFEST.json.1.valet-gen-part", "{");
    // Like one of ours and not one.
    fixture.put("staging/mine.valet-gen-part", "mine\n");
    fixture.write(&three()).expect("written");
    assert_eq!(
        part_files(fixture.whole.path()),
        ["generated/staging/mine.valet-gen-part"]
    );
}

/// An orphan's folder would not be empty with a temporary file in it.
#[test]
fn what_was_left_in_a_folder_that_goes_goes_too() {
    let fixture = OutputFixture::with(&three());
    fixture.put(
        "staging/terraform/.main.tf.4711.valet-gen-part",
        "half a li",
    );
    fixture
        .prune(&files(&[("account/main.tf", "account\n")]))
        .expect("written");
    assert_eq!(
        paths(&fixture.out()),
        ["MANIFEST.json", "account", "account/main.tf"]
    );
}

#[test]
fn runs_that_meet_leave_one_whole_rendering() {
    let whole = tempdir().expect("a folder");
    let fleets = ["one", "two"].map(|word| {
        fs::write(whole.path().join(word), many(word)).expect("written");
        rendered(&many(word))
    });
    for round in 0..4 {
        // The first round meets where no folder is, the others where one is.
        let runs: Vec<Child> = (0..6)
            .map(|run| start(whole.path(), ["one", "two"][(run + round) % 2]))
            .collect();
        for mut run in runs {
            assert!(run.wait().expect("it ends").success());
        }
        let found = rendered_texts(&whole.path().join("out"));
        assert!(fleets.contains(&found), "a mixture of two renderings");
        assert_eq!(part_files(whole.path()), Vec::<String>::new());
        for fleet in ["one", "two"] {
            let check = valet_gen(whole.path(), ["render", fleet, "--out", "out", "--check"]);
            let is_it = found == fleets[usize::from(fleet == "two")];
            assert_eq!(
                check.code == Some(0),
                is_it,
                "the manifest is of the same run"
            );
        }
    }
}
