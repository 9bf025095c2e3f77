//! The controls' checks: they hold in the image, they do not in the base, and they change nothing.

use std::fs;
use std::path::Path;

use serde_json::Value;
use valet_bake::sandbox::{isolated_command, lowerdir};

use crate::baked::{Baked, ENVIRONMENT, baked, folder, scratch};
use test_support::cli::{Run, TODAY};
use test_support::output_fixture::paths;
use test_support::pipeline::repository;

/// The fewest controls that do not hold by themselves.
const FEWEST_BEFORE: usize = 50;

fn failed<'r>(report: &'r Value, when: &str) -> &'r Vec<Value> {
    report["checks"][when]["failed"].as_array().expect("a list")
}

#[test]
fn every_check_passes_in_the_image_and_many_fail_in_its_base() {
    let Some(baked) = baked() else { return };
    let after = failed(&baked.report, "after");
    assert!(after.is_empty(), "do not hold: {after:#?}");
    // The image is made without its payload and without an agent of Systems Manager, and says so.
    assert_eq!(baked.report["checks"]["after"]["skipped"], 2);
    let before = failed(&baked.report, "before").len();
    assert!(before >= FEWEST_BEFORE, "only {before} failed before");
}

/// The bill of materials is dpkg's own list.
#[test]
fn the_bill_of_materials_has_every_package_of_the_image() {
    let Some(baked) = baked() else { return };
    let text = fs::read_to_string(folder().join(ENVIRONMENT).join("sbom.cdx.json"));
    let sbom: Value = serde_json::from_str(&text.expect("readable")).expect("JSON");
    let components = sbom["components"].as_array().expect("a list");
    let status = fs::read_to_string(baked.find("var/lib/dpkg/status")).expect("readable");
    let installed = status.matches("\nStatus: install ok installed\n").count();
    assert_eq!(components.len(), installed);
    assert!(components.iter().any(|it| it["name"] == "xvfb"));
}

/// Runs `image verify` on the image with what `scratch` adds to it.
fn verify(baked: &Baked, scratch: &Path, format: &str) -> Run {
    let mut verify = isolated_command(true, &["sh"]);
    verify
        .arg(repository().join("tests/image_root/view.sh"))
        .arg(lowerdir(&baked.layers))
        .arg(scratch)
        .arg(test_support::cli::program())
        .args([
            "image",
            "verify",
            "--environment",
            ENVIRONMENT,
            "--format",
            format,
        ])
        .arg("--root")
        .arg(scratch.join("root"))
        .env("SOURCE_DATE_EPOCH", TODAY)
        .current_dir(repository());
    verify.output().expect("it runs").into()
}

/// Whatever a check runs, nothing of the root file system is touched by it.
#[test]
fn verifying_changes_nothing() {
    let Some(baked) = baked() else { return };
    let whole = scratch();
    let holds = verify(baked, whole.path(), "tap");
    assert_eq!(holds.code, Some(0), "{holds:#?}");
    assert!(
        holds.stdout.starts_with("TAP version 13\n"),
        "{}",
        holds.stdout
    );
    assert_eq!(paths(&whole.path().join("upper")), Vec::<String>::new());
}

#[test]
fn verifying_says_what_does_not_hold() {
    let Some(baked) = baked() else { return };
    let whole = scratch();
    let weakened = whole.path().join("upper/usr/local/sbin");
    fs::create_dir_all(&weakened).expect("made");
    fs::write(weakened.join("policy-rc.d"), "#!/bin/sh\nexit 101\n").expect("written");
    let run = verify(baked, whole.path(), "json");
    assert_eq!((run.code, run.stderr.as_str()), (Some(32), ""), "{run:#?}");
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let all = document["checks"].as_array().expect("a list");
    let failed: Vec<&Value> = all.iter().filter(|it| it["result"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert_eq!(failed[0]["control"], "image.services-start");
}
