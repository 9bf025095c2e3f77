//! `bake --plan` says what a bake would be made from, and makes nothing.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::{TempDir, tempdir};
use test_support::cli::valet_gen;
use test_support::pipeline::repository;

/// A folder with the starter's fleet and a payload.
fn folder() -> TempDir {
    let folder = tempdir().expect("a folder");
    let starter = repository().join("templates/init/fleet.toml");
    fs::copy(starter, folder.path().join("fleet.toml")).expect("copied");
    fs::create_dir(folder.path().join("payload")).expect("made");
    fs::write(folder.path().join("payload/valet-worker"), "\x7fELF agent").expect("written");
    sums(folder.path());
    folder
}

fn sums(folder: &Path) {
    let mut sum = Command::new("sha256sum");
    let run = sum
        .arg("valet-worker")
        .current_dir(folder.join("payload"))
        .output();
    let text = run.expect("sha256sum runs").stdout;
    fs::write(folder.join("payload/SHA256SUMS"), text).expect("written");
}

#[test]
fn the_plan_is_the_same_each_time_and_nothing_is_made() {
    let folder = folder();
    let plan = ["bake", "--plan", "--payload", "payload", "--format", "json"];
    let began = Instant::now();
    let first = valet_gen(folder.path(), plan).success();
    let took = began.elapsed();
    assert_eq!(valet_gen(folder.path(), plan).success(), first);
    let plan: serde_json::Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(plan["environment"], "production");
    assert_eq!(plan["payload"][0]["name"], "valet-worker");
    let digest = plan["bundle"]["sha256"].as_str().expect("a digest");
    assert_eq!(plan["bundle_key"], format!("bundles/{digest}.tar.gz"));
    let mut entries: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    entries.sort();
    assert_eq!(entries, ["fleet.toml", "payload"]);
    // A debug build on a busy machine; docs/performance.md has the figure.
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn the_bundle_that_is_written_is_the_one_of_the_plan() {
    let folder = folder();
    let plan = [
        "bake",
        "--plan",
        "--payload",
        "payload",
        "--bundle",
        "out/bundle.tar.gz",
        "--format",
        "json",
    ];
    let plan = valet_gen(folder.path(), plan).success();
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("JSON");
    let bundle = folder.path().join("out/bundle.tar.gz");
    let sum = Command::new("sha256sum")
        .arg(&bundle)
        .output()
        .expect("sha256sum runs");
    let sum = String::from_utf8(sum.stdout).expect("UTF-8");
    assert_eq!(sum.split(' ').next(), plan["bundle"]["sha256"].as_str());
    let list = Command::new("tar")
        .arg("tzf")
        .arg(&bundle)
        .output()
        .expect("tar runs");
    let list = String::from_utf8(list.stdout).expect("UTF-8");
    for path in [
        "image/provision.sh",
        "image/verify.sh",
        "image/payload/SHA256SUMS",
        "image/payload/valet-worker",
    ] {
        assert!(list.lines().any(|line| line == path), "{path} in {list}");
    }
    assert!(
        list.lines()
            .all(|line| line.starts_with("image/") || line.starts_with("cloudwatch/"))
    );
}

#[test]
fn a_payload_that_is_not_what_it_says_is_refused_and_nothing_is_written() {
    let folder = folder();
    fs::write(folder.path().join("payload/valet-worker"), "forged").expect("written");
    let plan = [
        "bake",
        "--plan",
        "--payload",
        "payload",
        "--bundle",
        "bundle.tar.gz",
    ];
    let run = valet_gen(folder.path(), plan);
    let expected = "error: payload/valet-worker: its SHA-256 is ";
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
    assert!(run.stderr.ends_with("\n  help: fetch the file again, and compare its digest with its publisher's; correct SHA256SUMS only if that is it\n"));
    assert!(!folder.path().join("bundle.tar.gz").exists());
    let run = valet_gen(folder.path(), ["bake", "--plan", "--environment", "prod"]);
    assert_eq!(
        run.parts(),
        (
            Some(2),
            "",
            "error: fleet.toml: there is no environment `prod`\n  help: one of: production\n"
        )
    );
}

/// The commands are there in every build, and one without the SDK says which build has it.
#[cfg(not(feature = "aws"))]
#[test]
fn without_the_sdk_every_command_says_which_build_has_it() {
    let folder = folder();
    for (arguments, command) in [
        (vec!["bake", "--payload", "payload"], "bake"),
        (vec!["bake", "status"], "bake status"),
        (vec!["bake", "abort", "x"], "bake abort"),
        (vec!["bake", "promote"], "bake promote"),
        (vec!["bake", "rollback"], "bake rollback"),
        (vec!["bake", "list"], "bake list"),
        (vec!["bake", "gc"], "bake gc"),
    ] {
        let expected = format!(
            "error: {command}: this build of valet-gen has no AWS SDK\n  help: take a released binary, or build one \
             with `cargo build --release --features aws`; `bake --local` and `bake --plan` need none\n"
        );
        let run = valet_gen(folder.path(), arguments);
        assert_eq!(run.parts(), (Some(30), "", expected.as_str()));
    }
}
