//! `render --check`: every way in which a folder can differ from its rendering, told apart.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};
use test_support::cli::{Run, valet_gen};
use test_support::output_fixture::identities;
use test_support::pipeline::{fixture_text, rendered, repository};
use valet_gen::cli::Exit;
use valet_gen::write::{Difference, MANIFEST};

/// A folder with the minimal fleet, rendered.
pub struct Rendered {
    pub whole: TempDir,
}

/// The file that the tests damage.
pub const FILE: &str = "production/terraform/logs.tf";

impl Rendered {
    pub fn new() -> Self {
        let whole = tempdir().expect("a folder");
        fs::write(
            whole.path().join("fleet.toml"),
            fixture_text("golden-minimal"),
        )
        .expect("written");
        valet_gen(whole.path(), ["render"]).success();
        Self { whole }
    }

    pub fn file(&self, path: &str) -> PathBuf {
        self.whole.path().join("generated").join(path)
    }

    pub fn edit(&self, path: &Path, from: &str, to: &str) {
        let path = self.whole.path().join(path);
        let text = fs::read_to_string(&path).expect("readable");
        assert!(text.contains(from), "{from:?} is in {}", path.display());
        fs::write(path, text.replace(from, to)).expect("written");
    }

    pub fn check(&self, more: &[&str]) -> Run {
        let before = identities(&self.file(""));
        let run = valet_gen(self.whole.path(), ["render", "--check"].iter().chain(more));
        assert_eq!(
            identities(&self.file("")),
            before,
            "a check changes nothing"
        );
        run
    }

    /// What a check says and ends with; standard error has nothing to say.
    pub fn differs(&self, more: &[&str]) -> (Option<i32>, String) {
        let run = self.check(more);
        let without_warnings = run.stderr.lines().all(|line| !line.starts_with("error"));
        assert!(without_warnings, "{}", run.stderr);
        (run.code, run.stdout)
    }
}

/// How many files the minimal fleet renders to.
pub fn all() -> usize {
    rendered(&fixture_text("golden-minimal")).len()
}

/// The last line of a check: how many files differ, and how many are as rendered when so many of
/// what is rendered are not.
pub fn total(differing: usize, not_as_rendered: usize) -> String {
    format!(
        "generated: {differing} differing, {} as rendered\n",
        all() - not_as_rendered
    )
}

#[test]
fn a_folder_as_rendered_is_no_difference() {
    let rendered = Rendered::new();
    let expected = total(0, 0);
    assert_eq!(rendered.differs(&[]), (Some(0), expected.clone()));
    assert_eq!(rendered.differs(&["--diff"]), (Some(0), expected));
}

#[test]
fn an_edited_file_is_told_with_its_diff() {
    let rendered = Rendered::new();
    rendered.edit(
        &Path::new("generated").join(FILE),
        "name              = \"/tiny/production/system\"",
        "name              = \"/mine\"",
    );
    let told = "edited: generated/production/terraform/logs.tf (changed by hand; make the change in fleet.toml, then render)\n";
    let total = total(1, 1);
    assert_eq!(rendered.differs(&[]), (Some(10), format!("{told}{total}")));
    let diff = "\
--- on disk/production/terraform/logs.tf
+++ rendered/production/terraform/logs.tf
@@ -3,7 +3,7 @@
 
 # Made here and not by the writers, so that each has its key and its retention from the first line on.
 resource \"aws_cloudwatch_log_group\" \"system\" { # To destroy it: [terraform] protect = false
-  name              = \"/mine\"
+  name              = \"/tiny/production/system\"
   kms_key_id        = aws_kms_key.fleet.arn
   retention_in_days = 365
 

";
    assert_eq!(
        rendered.differs(&["--diff"]),
        (Some(10), format!("{told}{diff}{total}"))
    );
}

#[test]
fn a_stale_file_is_told_with_its_diff() {
    let rendered = Rendered::new();
    let from = "[fleet]";
    rendered.edit(
        Path::new("fleet.toml"),
        from,
        "[access.session_manager]\nretention_in_days = 90\n[fleet]",
    );
    let told = |file: &str| {
        format!(
            "stale: generated/production/terraform/{file} (fleet.toml has changed since; render and commit)\n"
        )
    };
    let total = total(3, 3);
    assert_eq!(
        rendered.differs(&[]),
        (
            Some(11),
            [
                told("access.tf"),
                told("logs.tf"),
                told("session_bucket.tf"),
                total
            ]
            .concat()
        )
    );
    let (code, stdout) = rendered.differs(&["--diff"]);
    assert_eq!(code, Some(11));
    assert!(
        stdout.contains("-      days = 365\n+      days = 90\n"),
        "{stdout}"
    );
}

#[test]
fn an_orphaned_file_is_told() {
    let rendered = Rendered::new();
    rendered.edit(
        Path::new("fleet.toml"),
        "[fleet]",
        "[access.session_manager]\nlog_to = [\"cloudwatch\"]\n[fleet]",
    );
    let (code, stdout) = rendered.differs(&[]);
    // The files that mention the bucket are stale, which is the more serious.
    assert_eq!(code, Some(11));
    let told = "orphaned: generated/production/terraform/session_bucket.tf (no longer rendered; render removes it)\n";
    assert!(stdout.contains(told), "{stdout}");

    // On its own: a file that the manifest names and the rendering never had.
    let rendered = Rendered::new();
    fs::write(rendered.file("old.tf"), "old\n").expect("written");
    let entry = "  \"files\": {\n    \"old.tf\": \"00\",\n";
    rendered.edit(
        Path::new("generated/MANIFEST.json"),
        "  \"files\": {\n",
        entry,
    );
    let told = "orphaned: generated/old.tf (no longer rendered; render removes it)\n";
    let total = total(1, 0);
    assert_eq!(rendered.differs(&[]), (Some(12), format!("{told}{total}")));
}

#[test]
fn a_missing_file_is_told() {
    let rendered = Rendered::new();
    fs::remove_file(rendered.file(FILE)).expect("removed");
    let told = "missing: generated/production/terraform/logs.tf (not there; render and commit)\n";
    let total = total(1, 1);
    assert_eq!(
        rendered.differs(&["--diff"]),
        (Some(13), format!("{told}{total}"))
    );
}

#[test]
fn a_folder_that_was_never_rendered_is_missing_as_a_whole() {
    let whole = tempdir().expect("a folder");
    fs::write(
        whole.path().join("fleet.toml"),
        fixture_text("golden-minimal"),
    )
    .expect("written");
    let run = valet_gen(whole.path(), ["render", "--check"]);
    assert_eq!(run.code, Some(13));
    assert!(
        run.stdout.starts_with("missing: generated/.gitattributes "),
        "{}",
        run.stdout
    );
    assert!(run.stdout.ends_with(&total(all(), all())), "{}", run.stdout);
    assert!(!whole.path().join("generated").exists());
}

#[test]
fn a_lost_manifest_is_told() {
    let rendered = Rendered::new();
    fs::remove_file(rendered.file(MANIFEST)).expect("removed");
    let told = "missing: generated/MANIFEST.json (not there; render and commit)\n";
    let total = total(1, 0);
    assert_eq!(rendered.differs(&[]), (Some(13), format!("{told}{total}")));
}

#[test]
fn what_is_in_the_place_of_a_file_is_told_as_unreadable() {
    let told = |why: &str| {
        let total = total(1, 1);
        (
            Some(14),
            format!("unreadable: generated/{FILE} ({why})\n{total}"),
        )
    };
    let rendered = Rendered::new();
    fs::remove_file(rendered.file(FILE)).expect("removed");
    fs::create_dir(rendered.file(FILE)).expect("made");
    assert_eq!(
        rendered.differs(&[]),
        told("a folder is in the place of a file")
    );

    // Even a link to the very same text: a render would not write through it.
    let rendered = Rendered::new();
    let copy = rendered.whole.path().join("copy.tf");
    fs::rename(rendered.file(FILE), &copy).expect("moved");
    symlink(&copy, rendered.file(FILE)).expect("linked");
    assert_eq!(
        rendered.differs(&[]),
        told("a symbolic link is in the place of a file")
    );

    let rendered = Rendered::new();
    let moved = rendered.whole.path().join("moved");
    fs::rename(rendered.file("account"), &moved).expect("moved");
    symlink(&moved, rendered.file("account")).expect("linked");
    let (code, stdout) = rendered.differs(&[]);
    assert_eq!(code, Some(14));
    let why = "(generated/account: a symbolic link is in the place of a folder)\n";
    assert!(
        stdout.starts_with("unreadable: generated/account/terraform/cloudtrail.tf ")
            && stdout.contains(why),
        "{stdout}"
    );
}

#[test]
fn another_version_is_told_before_what_it_explains() {
    let rendered = Rendered::new();
    let this = format!("\"valet_gen\": \"{}\"", env!("CARGO_PKG_VERSION"));
    rendered.edit(
        Path::new("generated/MANIFEST.json"),
        &this,
        "\"valet_gen\": \"0.0.9\"",
    );
    let told = format!(
        "other version: generated/MANIFEST.json (written by 0.0.9, this is {})\n",
        env!("CARGO_PKG_VERSION")
    );
    let total = total(1, 0);
    assert_eq!(rendered.differs(&[]), (Some(15), format!("{told}{total}")));

    // What is stale for it is no reason to look at fleet.toml.
    rendered.edit(
        Path::new("fleet.toml"),
        "[fleet]",
        "[access.session_manager]\nretention_in_days = 90\n[fleet]",
    );
    assert_eq!(rendered.differs(&[]).0, Some(15));
    // What somebody edited is.
    rendered.edit(&Path::new("generated").join(FILE), "/tiny/", "/mine/");
    assert_eq!(rendered.differs(&[]).0, Some(10));
}

#[test]
fn a_broken_manifest_is_told_and_hides_no_other_difference() {
    let rendered = Rendered::new();
    fs::write(rendered.file(MANIFEST), "{").expect("written");
    let broken = "unreadable: generated/MANIFEST.json (it is not a manifest of valet-gen: EOF while parsing an object at line 1 column 1; restore it from version control, or render with --force)\n";
    let total = total(1, 0);
    assert_eq!(
        rendered.differs(&[]),
        (Some(14), format!("{broken}{total}"))
    );
    fs::remove_file(rendered.file(FILE)).expect("removed");
    let (code, told) = rendered.differs(&[]);
    assert_eq!(code, Some(14));
    assert!(told.contains("missing: "), "{told}");
    assert!(told.contains(broken), "{told}");
}

#[test]
fn a_sum_of_the_manifest_that_was_changed_is_an_edit() {
    let rendered = Rendered::new();
    let manifest = fs::read_to_string(rendered.file(MANIFEST)).expect("there");
    let at = manifest.find("RUNBOOKS.md\": \"").expect("a sum") + "RUNBOOKS.md\": \"".len();
    let changed = format!(
        "{}{}{}",
        &manifest[..at],
        "0".repeat(64),
        &manifest[at + 64..]
    );
    fs::write(rendered.file(MANIFEST), changed).expect("written");
    let told = "edited: generated/MANIFEST.json (changed by hand; make the change in fleet.toml, then render)\n";
    let total = total(1, 0);
    assert_eq!(rendered.differs(&[]), (Some(10), format!("{told}{total}")));
}

#[test]
fn a_check_of_one_environment_sees_no_other() {
    let rendered = Rendered::new();
    fs::remove_file(rendered.file("account/terraform/inspector.tf")).expect("removed");
    fs::remove_file(rendered.file(FILE)).expect("removed");
    let of = |name: &str| rendered.differs(&["--environment", name]);
    assert_eq!(of("account").0, Some(13));
    assert!(!of("account").1.contains("production"));
    assert!(!of("production").1.contains("account"));
}

/// A render puts right whatever a check tells of, but for what is in the way.
#[test]
fn after_a_render_nothing_differs() {
    let rendered = Rendered::new();
    rendered.edit(&Path::new("generated").join(FILE), "/tiny/", "/mine/");
    fs::remove_file(rendered.file("production/RUNBOOKS.md")).expect("removed");
    rendered.edit(
        Path::new("generated/MANIFEST.json"),
        "\"valet_gen\": \"",
        "\"valet_gen\": \"0.0.",
    );
    assert_ne!(rendered.differs(&[]).0, Some(0));
    valet_gen(rendered.whole.path(), ["render"]).success();
    assert_eq!(rendered.differs(&[]).0, Some(0));
}

#[test]
fn every_difference_has_a_code_and_words_of_its_own() {
    let mut codes: Vec<u8> = Difference::ALL
        .iter()
        .map(|it| Exit::Drift(*it).code())
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, [10, 11, 12, 13, 14, 15, 16]);
    let mut words: Vec<&str> = Difference::ALL.iter().map(|it| it.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Difference::ALL.len());
    assert!(Difference::ALL.is_sorted(), "the most serious comes first");
}

/// What CI runs: the repository's own rendering is what its fleet.toml says.
#[test]
fn the_committed_rendering_is_current() {
    let run = valet_gen(repository(), ["render", "--check", "--diff"]);
    assert_eq!(run.code, Some(0), "run `valet-gen render`:\n{}", run.stdout);
}
