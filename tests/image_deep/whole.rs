//! The image with its payload, as `bake --local` makes it: what it prints is what the README shows.

use std::fs;

use test_support::cli::{Run, command};
use test_support::pipeline::repository;
use test_support::skip;
use valet_test_kit::node;

use crate::baked::{can_bake, has_scanners, scap};
use crate::live::payload::payload_with;
use crate::machine::{ENVIRONMENT, fleet_with_browser, report, turn};
use crate::npm_tree::tree;

/// What is in it, for whoever reads the figures.
const CONTENT: &str = "Debian 12 with `valet-worker`, Node.js, a runtime of Stagehand 3.7.3, Hatchet's SDK 1.33.2 and an AWS \
                       client from npm, and Debian's Chromium. AdsPower and the CloudWatch agent cannot be had here: \
                       programs that wait are in their places.";

#[test]
fn the_image_with_its_payload_holds_every_control() {
    if !can_bake() || !has_scanners() {
        return;
    }
    if !node::is_there() {
        return skip("the packages of a runtime: node 20 and npm are needed");
    }
    let folder = repository().join("target/image-whole");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("fleet.toml"), fleet_with_browser()).expect("written");
    let payload = payload_with(Some(&tree()));
    let baked: Run = {
        let _turn = turn();
        let mut bake = command(&folder);
        bake.args(["bake", "--local", "--suite", "bookworm", "--no-root"])
            .args(["--environment", ENVIRONMENT, "--payload"])
            .arg(payload.path())
            .args(["--scan", "--scap"])
            .arg(scap());
        bake.output().expect("it runs").into()
    };
    assert_eq!(baked.code, Some(0), "{baked:#?}");
    let figures = baked.stdout.lines().filter(|line| line.starts_with("  "));
    let figures: Vec<&str> = figures.collect();
    // Nothing fails, and no Systems Manager agent is in such a root file system.
    let after = figures.iter().find(|line| line.contains("checks after:"));
    let after = after.expect("it says so");
    assert!(after.contains(" 0 fail, 1 skipped"), "{}", baked.stdout);
    report(
        "18-whole.md",
        &format!(
            "\n## With its payload\n\n{CONTENT}\n\n```text\n{}\n```\n",
            figures.join("\n")
        ),
    );
}
