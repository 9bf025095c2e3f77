//! What stands in an output folder beside this fleet's rendering: another fleet, another version,
//! the user's own files, what git made of a merge or a checkout, or no folder at all.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::{TempDir, tempdir};
use test_support::cli::{Run, command, valet_gen};
use test_support::output_fixture::identities;
use test_support::pipeline::{fixture_text, rendered};

/// A folder with the minimal fleet, rendered.
pub struct Rendered {
    pub whole: TempDir,
}

pub const MODULE: &str = "generated/production/terraform";

impl Rendered {
    pub fn new() -> Self {
        let whole = tempdir().expect("a folder");
        let rendered = Self { whole };
        rendered.put("fleet.toml", &fixture_text("golden-minimal"));
        rendered.run(&["render"]).success();
        rendered
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.whole.path().join(path)
    }

    pub fn put(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).expect("written");
    }

    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("readable")
    }

    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.text(path);
        assert!(text.contains(from), "{from:?} is in {path}");
        self.put(path, &text.replace(from, to));
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        valet_gen(self.whole.path(), arguments)
    }

    /// Runs a command that is refused, and gives its code and the error without the warnings
    /// before it. Nothing is printed besides, and nothing in the folder is touched.
    pub fn refused(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let before = identities(&self.path("generated"));
        let run = self.run(arguments);
        assert_eq!(run.stdout, "");
        assert_eq!(identities(&self.path("generated")), before);
        (run.code, error_of(&run))
    }
}

/// The first line that is an error, and what follows it.
pub fn error_of(run: &Run) -> String {
    let at = run.stderr.find("error: ").expect("an error");
    run.stderr[at..].to_owned()
}

pub fn total(differing: usize, as_rendered: usize) -> String {
    format!("generated: {differing} differing, {as_rendered} as rendered\n")
}

pub fn all() -> usize {
    rendered(&fixture_text("golden-minimal")).len()
}

/// The seconds after which a run counts as one that never ends.
pub const TOO_LONG: &str = "20";

/// Runs a line of bash in a folder, with the program as `$0`.
pub fn bash(folder: &Path, line: &str) -> Run {
    Command::new("timeout")
        .args([
            TOO_LONG,
            "bash",
            "-c",
            line,
            env!("CARGO_BIN_EXE_valet-gen"),
        ])
        .current_dir(folder)
        .output()
        .expect("timeout and bash run")
        .into()
}

#[test]
fn a_folder_that_cannot_be_made_ends_the_run() {
    let whole = tempdir().expect("a folder");
    fs::write(
        whole.path().join("fleet.toml"),
        fixture_text("golden-minimal"),
    )
    .expect("written");
    fs::write(whole.path().join("file"), "").expect("written");
    let not_found = "No such file or directory (os error 2)";
    let cases = [
        // The default folder is beside the fleet file, which is a pipe here.
        (
            "\"$0\" render <(cat fleet.toml)",
            "/dev/fd/generated",
            not_found,
        ),
        (
            "f=$PWD/fleet.toml; mkdir gone; cd gone; rmdir ../gone; \"$0\" render $f --out out",
            "out",
            not_found,
        ),
        ("\"$0\" render --out /proc/x", "/proc/x", not_found),
        ("\"$0\" render --out /proc/x/y/z", "/proc/x/y/z", not_found),
        (
            "\"$0\" render --out file/below",
            "file/below",
            "Not a directory (os error 20)",
        ),
    ];
    for (line, folder, cause) in cases {
        let run = bash(whole.path(), line);
        assert_eq!(run.code, Some(3), "{line}: {}", run.stderr);
        assert_eq!(
            error_of(&run),
            format!(
                "error: {folder}: {cause}\n  help: choose a folder that can be made, with --out; \
                 nothing was written\n"
            )
        );
    }
}

#[test]
fn another_fleet_in_the_folder_is_refused() {
    let rendered = Rendered::new();
    rendered.edit("fleet.toml", "name = \"tiny\"", "name = \"other\"");
    let error = "error: generated: it holds the fleet `tiny`, and this fleet is `other`\n  help: \
                 choose another folder with --out; or, if this fleet takes the place of `tiny`, \
                 remove the files of `tiny` with --prune; nothing was written\n";
    let expected = (Some(1), error.to_owned());
    assert_eq!(rendered.refused(&["render"]), expected);
    assert_eq!(rendered.refused(&["render", "--force"]), expected);
    assert_eq!(rendered.refused(&["render", "--check"]), expected);
    rendered.run(&["render", "--prune"]).success();
    assert_eq!(rendered.run(&["render", "--check"]).code, Some(0));
}

/// The first `[environments.<name>]` makes the implicit `production` vanish.
#[test]
fn an_environment_that_vanishes_needs_prune() {
    let rendered = Rendered::new();
    let fleet = rendered.text("fleet.toml");
    rendered.put("fleet.toml", &format!("{fleet}[environments.staging]\n"));
    let files = all() - 1 - count_below(&rendered.path("generated/account"));
    let error = format!(
        "error: generated: fleet.toml no longer has `production`\n  help: destroy with Terraform \
         what it stands for, then remove the {files} files with --prune; a fleet.toml with \
         [environments.<name>] has no `production` unless it says [environments.production]; \
         nothing was written\n"
    );
    assert_eq!(rendered.refused(&["render"]), (Some(1), error.clone()));
    assert_eq!(rendered.refused(&["render", "--force"]), (Some(1), error));
    let run = rendered.run(&["render", "--check"]);
    let orphaned = "orphaned: generated/production/RUNBOOKS.md (fleet.toml no longer has the \
                    environment; render --prune removes it)\n";
    assert!(run.stdout.contains(orphaned), "{}", run.stdout);
    // Files of the account name the environment: they are stale, which is more serious.
    assert_eq!(run.code, Some(11));
    rendered.run(&["render", "--prune"]).success();
    assert!(!rendered.path("generated/production").exists());
    assert_eq!(rendered.run(&["render", "--check"]).code, Some(0));
}

fn count_below(folder: &Path) -> usize {
    identities(folder)
        .keys()
        .filter(|path| folder.join(path).is_file())
        .count()
}

#[test]
fn an_environment_whose_files_are_gone_already_needs_no_prune() {
    let rendered = Rendered::new();
    let fleet = rendered.text("fleet.toml");
    rendered.put("fleet.toml", &format!("{fleet}[environments.staging]\n"));
    fs::remove_dir_all(rendered.path("generated/production")).expect("removed");
    rendered.run(&["render"]).success();
}

#[test]
fn an_older_version_renders_not_over_a_newer_one() {
    let rendered = Rendered::new();
    let this = format!("\"valet_gen\": \"{}\"", env!("CARGO_PKG_VERSION"));
    // It may have what this version does not know.
    rendered.edit(
        "generated/MANIFEST.json",
        &this,
        "\"valet_gen\": \"99.1.0\",\n  \"more\": []",
    );
    let error = format!(
        "error: generated/MANIFEST.json: valet-gen 99.1.0 wrote it, and this is the older \
         valet-gen {}\n  help: use valet-gen 99.1.0 or newer, or render over it with --force; \
         nothing was written\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(rendered.refused(&["render"]), (Some(15), error));
    let run = rendered.run(&["render", "--check"]);
    assert_eq!(run.code, Some(15), "{}", run.stderr);
    rendered.run(&["render", "--force"]).success();
    assert_eq!(rendered.run(&["render", "--check"]).code, Some(0));
}

#[test]
fn an_undeclared_file_is_the_least_serious_difference() {
    let rendered = Rendered::new();
    let file = format!("{MODULE}/zz_override.tf");
    rendered.put(&file, "resource \"x\" \"y\" {}\n");
    // What Terraform puts there, and what stands beside the environments, is none.
    fs::create_dir(rendered.path(&format!("{MODULE}/.terraform"))).expect("made");
    for path in [
        ".terraform/x.tf",
        ".terraform.lock.hcl",
        "terraform.tfstate",
        "terraform.tfstate.backup",
        "next.tfplan",
        "crash.log",
    ] {
        rendered.put(&format!("{MODULE}/{path}"), "");
    }
    rendered.put("generated/notes.md", "");
    let undeclared = format!(
        "undeclared: {file} (valet-gen did not write it; declare it in terraform.own_files, or \
         move it)\n"
    );
    let run = rendered.run(&["render", "--check"]);
    assert_eq!(run.code, Some(16));
    assert_eq!(run.stdout, format!("{undeclared}{}", total(1, all())));

    fs::remove_file(rendered.path(&format!("{MODULE}/logs.tf"))).expect("removed");
    let run = rendered.run(&["render", "--check"]);
    assert_eq!(run.code, Some(13), "a missing file is more serious");
    assert!(run.stdout.contains(&undeclared), "{}", run.stdout);
}

#[test]
fn a_declared_file_is_named_and_stays() {
    let rendered = Rendered::new();
    let file = format!("{MODULE}/zz_override.tf");
    rendered.put(&file, "mine\n");
    let fleet = rendered.text("fleet.toml");
    rendered.put(
        "fleet.toml",
        &format!("{fleet}[terraform]\nown_files = [\"*_override.tf\", \"logs.tf\"]\n"),
    );
    let run = rendered.run(&["render", "--check"]);
    assert_eq!(run.code, Some(0));
    let own = format!("own: {file} (declared in terraform.own_files)\n");
    assert_eq!(run.stdout, format!("{own}{}", total(0, all())));
    let run = rendered.run(&["render", "--check", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(
        document[0]["own_files"],
        serde_json::json!(["production/terraform/zz_override.tf"])
    );
    rendered.run(&["render"]).success();
    rendered.run(&["render", "--force"]).success();
    assert_eq!(rendered.text(&file), "mine\n");

    // A file that is rendered later under a declared name: not even force overwrites the user's.
    fs::remove_file(rendered.path("generated/MANIFEST.json")).expect("removed");
    let logs = format!("{MODULE}/logs.tf");
    rendered.put(&logs, "mine\n");
    let error = format!(
        "error: {logs}: it exists, and valet-gen did not write it\n  help: move it, choose \
         another folder with --out, or overwrite it with --force, which spares only what \
         terraform.own_files declares\n"
    );
    assert_eq!(rendered.refused(&["render"]), (Some(3), error.clone()));
    assert_eq!(rendered.refused(&["render", "--force"]), (Some(3), error));
}

/// What a rendering wrote once, and the user took over and declared, is the user's.
#[test]
fn a_file_that_the_user_took_over_is_not_removed() {
    let rendered = Rendered::new();
    let fleet = rendered.text("fleet.toml");
    let without = "[access.session_manager]\nlog_to = [\"cloudwatch\"]\n";
    let own = "[terraform]\nown_files = [\"session_bucket.tf\"]\n";
    rendered.put("fleet.toml", &format!("{fleet}{without}{own}"));
    let file = format!("{MODULE}/session_bucket.tf");
    let as_rendered = rendered.text(&file);
    rendered.put(&file, "mine\n");
    rendered.run(&["render"]).success();
    assert_eq!(rendered.text(&file), "mine\n");
    assert_eq!(rendered.run(&["render", "--check"]).code, Some(0));

    // One that is as it was rendered is an orphan, whatever its name.
    let rendered = Rendered::new();
    rendered.put("fleet.toml", &format!("{fleet}{without}{own}"));
    assert_eq!(rendered.text(&file), as_rendered);
    rendered.run(&["render"]).success();
    assert!(!rendered.path(&file).exists());
}

#[test]
fn what_was_written_is_named_up_to_ten_files() {
    let whole = tempdir().expect("a folder");
    fs::write(
        whole.path().join("fleet.toml"),
        fixture_text("golden-minimal"),
    )
    .expect("written");
    let run = valet_gen(whole.path(), ["render"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], format!("generated: {} created", all()));
    assert_eq!(lines[1], "  created .gitattributes");
    assert_eq!(lines.len(), 1 + 10 + 1);
    assert_eq!(lines[11], format!("  and {} more", all() - 10));

    let logs = whole.path().join(format!("{MODULE}/logs.tf"));
    fs::write(&logs, "edited\n").expect("written");
    fs::remove_file(whole.path().join("generated/production/RUNBOOKS.md")).expect("removed");
    let run = valet_gen(whole.path(), ["render"]);
    assert_eq!(
        run.stdout,
        format!(
            "generated: 1 created, 1 updated, {} unchanged\n  created production/RUNBOOKS.md\n  \
             updated production/terraform/logs.tf\n",
            all() - 2
        )
    );
    // With several fleets the counts have to do.
    fs::write(
        whole.path().join("two.toml"),
        fixture_text("golden-minimal").replace("tiny", "two"),
    )
    .expect("written");
    let run: Run = command(whole.path())
        .args(["render", "fleet.toml", "two.toml", "--out", "out"])
        .output()
        .expect("it runs")
        .into();
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
}

/// Thousands of differences are no list that anybody reads.
#[test]
fn a_check_names_twenty_differences_of_a_kind() {
    let rendered = Rendered::new();
    for number in 0..25 {
        rendered.put(&format!("{MODULE}/extra{number:02}.tf"), "");
    }
    let run = rendered.run(&["render", "--check"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 22);
    assert_eq!(lines[20], "undeclared: and 5 more");
}
