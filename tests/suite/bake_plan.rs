//! `bake --plan` says what a bake would be made from, and makes nothing.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::{TempDir, tempdir};
use test_support::cli::valet_gen;
use test_support::pipeline::repository;
use test_support::programs::are_installed_or_skip;

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
    assert_eq!(plan["bundle_key"], format!("bundles/{digest}.tar.zst"));
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
    // tar calls it.
    if !are_installed_or_skip(&["zstd"]) {
        return;
    }
    let folder = folder();
    let plan = [
        "bake",
        "--plan",
        "--payload",
        "payload",
        "--bundle",
        "out/bundle.tar.zst",
        "--format",
        "json",
    ];
    let plan = valet_gen(folder.path(), plan).success();
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("JSON");
    let bundle = folder.path().join("out/bundle.tar.zst");
    let sum = Command::new("sha256sum")
        .arg(&bundle)
        .output()
        .expect("sha256sum runs");
    let sum = String::from_utf8(sum.stdout).expect("UTF-8");
    assert_eq!(sum.split(' ').next(), plan["bundle"]["sha256"].as_str());
    let list = Command::new("tar")
        .args(["--list", "--zstd", "--file"])
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
        "bundle.tar.zst",
    ];
    let run = valet_gen(folder.path(), plan);
    let expected = "error: payload/valet-worker: its SHA-256 is ";
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
    assert!(run.stderr.ends_with("\n  help: fetch the file again, and compare its digest with its publisher's; correct SHA256SUMS only if that is it\n"));
    assert!(!folder.path().join("bundle.tar.zst").exists());
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

/// The starter's fleet, whose `[image.payload]` is this.
fn with_payload(payload: &str) -> TempDir {
    let folder = folder();
    fs::remove_dir_all(folder.path().join("payload")).expect("removed");
    let fleet = folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    fs::write(&fleet, format!("{text}\n[image.payload]\n{payload}")).expect("written");
    fs::create_dir_all(folder.path().join("dist/runtime/node_modules")).expect("made");
    fs::write(folder.path().join("dist/valet-worker"), "\x7fELF agent").expect("written");
    fs::write(folder.path().join("dist/runtime/main.js"), "run()\n").expect("written");
    folder
}

const AGENT: &str = "agent = { source = \"dist/valet-worker\" }\n";

#[test]
fn programs_are_collected_from_where_fleet_toml_says_they_are() {
    let runtime = "runtime = { source = \"dist/runtime\" }\n";
    let folder = with_payload(&format!("{AGENT}{runtime}"));
    let plan = |folder: &Path| -> serde_json::Value {
        let run = valet_gen(folder, ["bake", "--plan", "--format", "json"]);
        serde_json::from_str(&run.success()).expect("JSON")
    };
    let first = plan(folder.path());
    let names = |plan: &serde_json::Value| -> Vec<String> {
        let files = plan["payload"].as_array().expect("files").iter();
        files
            .map(|file| file["name"].as_str().expect("a name").to_owned())
            .collect()
    };
    assert_eq!(names(&first), ["runtime.tar", "valet-worker"]);
    // Another machine, another time: the same folder is the same archive.
    let other = with_payload(&format!("{AGENT}{runtime}"));
    assert_eq!(plan(other.path())["bundle"], first["bundle"]);
    fs::write(other.path().join("dist/runtime/main.js"), "run(1)\n").expect("written");
    assert_ne!(plan(other.path())["bundle"], first["bundle"]);
    // What tar reads, as provisioning does.
    let listed = Command::new("tar")
        .args(["--list", "--file"])
        .arg(folder.path().join("baked/.cache/payload/runtime.tar"))
        .output()
        .expect("tar runs");
    assert_eq!(
        String::from_utf8_lossy(&listed.stdout),
        "main.js\nnode_modules\n"
    );
}

#[test]
fn a_program_of_another_digest_or_out_of_reach_is_refused() {
    let digest = "0".repeat(64);
    let folder = with_payload(&format!(
        "agent = {{ source = \"dist/valet-worker\", sha256 = \"{digest}\" }}\n"
    ));
    let run = valet_gen(folder.path(), ["bake", "--plan"]);
    let found = {
        let sum = Command::new("sha256sum")
            .arg(folder.path().join("dist/valet-worker"))
            .output();
        let text = String::from_utf8(sum.expect("sha256sum runs").stdout).expect("UTF-8");
        text[..64].to_owned()
    };
    assert_eq!(
        run.parts(),
        (
            Some(3),
            "",
            format!(
                "error: dist/valet-worker: its SHA-256 is {found}, and fleet.toml says {digest}\n  \
                 help: compare the digest with its publisher's; correct fleet.toml only if that is it\n"
            )
            .as_str()
        )
    );
    let folder = with_payload(&format!(
        "{AGENT}adspower = {{ source = \"https://example.com/a.deb\", sha256 = \"{digest}\" }}\n"
    ));
    let run = valet_gen(folder.path(), ["bake", "--plan"]);
    assert_eq!(
        run.parts(),
        (
            Some(2),
            "",
            "error: https://example.com/a.deb: it is not in the cache, and a plan fetches nothing\n  \
             help: run `valet-gen bake` once, which fetches it; or name a folder with --payload\n"
        )
    );
}

#[test]
fn the_plan_says_what_is_asked_how_long_it_takes_and_what_it_costs() {
    let folder = folder();
    let plan = || valet_gen(folder.path(), ["bake", "--plan", "--payload", "payload"]).success();
    let first = plan();
    let (_, estimate) = first.split_once("  requests        ").expect("requests");
    let digest = first
        .lines()
        .find_map(|line| line.strip_prefix("  bundle key      "))
        .expect("a key");
    let expected = format!(
        "s3:PutObject {digest}
                  imagebuilder:CreateComponent valet-production-worker
                  imagebuilder:CreateImageRecipe valet-production-worker
                  imagebuilder:CreateInfrastructureConfiguration valet-production-worker
                  imagebuilder:CreateDistributionConfiguration valet-production-worker
                  imagebuilder:CreateImage valet-production-worker
                  ec2:ModifyImageAttribute IMDSv2, us-east-1
                  ec2:EnableImageDeprecation us-east-1
                  ec2:CreateTags digests and status, us-east-1
  time            about 45 minutes, assumed
  cost            0.07 USD for its hosts; at most 2.00 USD a month for the snapshots
Nothing was made.
"
    );
    assert_eq!(estimate, expected);
    // Another builder, a copy, another account: each is a request more.
    let fleet = folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    let more = "[image]\nbuilder = \"packer\"\nregions = [\"us-east-1\", \"us-west-2\"]\nshare_with = [\"111122223333\"]\n";
    fs::write(&fleet, text.replacen("[image]\n", more, 1)).expect("written");
    let second = plan();
    for line in [
        "ec2:CreateKeyPair valet-<bake id>",
        "ec2:CopyImage us-west-2",
        "ssm:SendCommand verify.sh on the first host",
        "ec2:ModifySnapshotAttribute for 111122223333, us-west-2",
        "about 45 minutes, assumed",
        "at most 4.00 USD a month",
    ] {
        assert!(second.contains(line), "{line}: {second}");
    }
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
        (vec!["bake", "sweep"], "bake sweep"),
        (vec!["preflight"], "preflight"),
        (vec!["secrets", "status"], "secrets status"),
        (vec!["secrets", "push", "x"], "secrets push"),
        (vec!["secrets", "migrate", ".env"], "secrets migrate"),
    ] {
        let others = match command {
            "bake" => "; `bake --local` and `bake --plan` need none",
            _ => "",
        };
        let expected = format!(
            "error: {command}: this build of valet-gen has no AWS SDK\n  help: take a released binary, or build one \
             with `cargo build --release --features aws`{others}\n"
        );
        let run = valet_gen(folder.path(), arguments);
        assert_eq!(run.parts(), (Some(30), "", expected.as_str()));
    }
}
