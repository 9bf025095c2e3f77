//! What `valet-gen diff` says follows from a change, beside its resources: the image, what Terraform will
//! refuse, what it forgets; and that its JSON is what its schema says.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;
use tempfile::{TempDir, tempdir};
use test_support::cli::valet_gen;
use test_support::pipeline::{plan_of, repository};
use valet_gen::images::config_sha256;
use valet_gen::render::{Engine, render};

const FLEET: &str = r#"[fleet]
name = "valet"
region = "us-east-1"

[instances]
on_demand_percentage_above_base_capacity = 100
types = [{ instance_type = "m7i.large" }]

[image]
packages = ["xvfb"]

[secrets]
HATCHET_CLIENT_TOKEN = { store = "ssm", read = "runtime" }
B = { store = "ssm", read = "boot" }
"#;

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

/// The folders `old` and `new`, each with a fleet, and a lock where one is given.
fn folders(old: (&str, Option<&str>), new: (&str, Option<&str>)) -> TempDir {
    let whole = tempdir().expect("a folder");
    for (name, (fleet, lock)) in [("old", old), ("new", new)] {
        write(whole.path(), &format!("{name}/fleet.toml"), fleet);
        if let Some(lock) = lock {
            write(whole.path(), &format!("{name}/images.lock"), lock);
        }
    }
    whole
}

fn diff(old: (&str, Option<&str>), new: (&str, Option<&str>)) -> (Value, String) {
    let whole = folders(old, new);
    let run = |format: &str| {
        let arguments = ["diff", "old", "new", "--format", format];
        valet_gen(whole.path(), arguments).success()
    };
    let document: Value = serde_json::from_str(&run("json")).expect("JSON");
    assert_valid(&document);
    (document, run("human"))
}

fn assert_valid(document: &Value) {
    let schema = fs::read_to_string(repository().join("diff.schema.json")).expect("readable");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let validator: Validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new(), "{document:#}");
}

/// A lock of the one environment, with an image made of a configuration.
fn lock(ami: &str, config: &str) -> String {
    let digest = "0".repeat(64);
    format!(
        r#"version = 1

[image.production.x86_64.us-east-1]
ami = "{ami}"
name = "valet-production-x86_64-20260101"
snapshots = ["snap-0123456789abcdef0"]
source_ami = "ami-0aaaaaaaaaaaaaaaa"
bake_id = "20260101-abc"
commit = "{}"
config_sha256 = "{config}"
agent_sha256 = "{digest}"
bundle_sha256 = "{digest}"
sbom_sha256 = "{digest}"
builder = "packer"
status = "promoted"
checks = {{ passed = 1, failed = 0, skipped = 0 }}
"#,
        "1".repeat(40)
    )
}

fn config_of(fleet: &str) -> String {
    let files = render(&Engine::new(), &plan_of(fleet)).expect("it renders");
    config_sha256(&files, "production")
}

const AMI: &str = "ami-0123456789abcdef0";
const OTHER_AMI: &str = "ami-0fedcba9876543210";

#[test]
fn an_image_is_baked_again_where_no_locked_one_has_the_change() {
    let more = FLEET.replace("[\"xvfb\"]", "[\"xvfb\", \"jq\"]");
    let baked_before = lock(AMI, &config_of(FLEET));
    let baked_after = lock(OTHER_AMI, &config_of(&more));
    let image = |old: Option<&str>, new: Option<&str>| {
        let (document, text) = diff((FLEET, old), (&more, new));
        let environment = &document["environments"][0];
        (
            environment["image"].clone(),
            environment["class"].clone(),
            text,
        )
    };

    let (facts, class, text) = image(None, None);
    assert_eq!(
        (&facts["configuration_changes"], &facts["must_be_baked"]),
        (&true.into(), &true.into())
    );
    assert_eq!(class, "none", "until it is promoted, no worker changes");
    assert!(text.contains("The image has to be baked again: "), "{text}");

    let (facts, _, text) = image(Some(&baked_before), Some(&baked_before));
    assert_eq!(
        (&facts["must_be_baked"], &facts["locked_after"]),
        (&true.into(), &Value::Null)
    );
    assert!(text.contains("The image has to be baked again: "), "{text}");

    let (facts, class, text) = image(Some(&baked_before), Some(&baked_after));
    assert_eq!(facts["must_be_baked"], false);
    assert_eq!(
        (&facts["locked_before"], &facts["locked_after"]),
        (&AMI.into(), &OTHER_AMI.into())
    );
    assert_eq!(class, "rolling", "another image replaces every worker");
    assert!(
        text.contains(&format!("Image: {OTHER_AMI} instead of {AMI}.")),
        "{text}"
    );
    assert!(
        text.contains("The locked image is made of what fleet.toml says now."),
        "{text}"
    );
}

#[test]
fn a_change_beside_the_image_asks_for_no_bake() {
    let larger = FLEET.replace("[image]", "root_volume = { volume_size = 60 }\n\n[image]");
    let (document, text) = diff((FLEET, None), (&larger, None));
    let image = &document["environments"][0]["image"];
    assert_eq!(
        (&image["configuration_changes"], &image["must_be_baked"]),
        (&false.into(), &false.into()),
        "{text}"
    );
    assert!(!text.contains("The image has to be baked"), "{text}");
}

#[test]
fn a_promoted_image_alone_replaces_every_worker() {
    let config = config_of(FLEET);
    let (old, new) = (lock(AMI, &config), lock(OTHER_AMI, &config));
    let (document, _) = diff((FLEET, Some(&old)), (FLEET, Some(&new)));
    assert_eq!(document["class"], "rolling");
    let addresses: Vec<&str> = document["environments"][0]["resources"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["address"].as_str().expect("an address"))
        .collect();
    assert_eq!(
        addresses,
        [
            "aws_autoscaling_group.workers[0]",
            "aws_launch_template.worker[\"fixed\"]"
        ]
    );
}

#[test]
fn what_prevent_destroy_protects_is_named() {
    let without = FLEET.replace("B = { store = \"ssm\", read = \"boot\" }\n", "");
    let (document, text) = diff((FLEET, None), (&without, None));
    let address = "aws_ssm_parameter.secret[\"B\"]";
    assert_eq!(
        document["environments"][0]["refused"],
        serde_json::json!([address])
    );
    assert_eq!(document["class"], "destructive");
    let sentence = format!("Terraform refuses to plan this: `prevent_destroy` protects {address}.");
    assert!(text.contains(&sentence), "{text}");

    let open = |fleet: &str| format!("[terraform]\nprotect = false\n\n{fleet}");
    let (document, _) = diff((&open(FLEET), None), (&open(&without), None));
    assert_eq!(
        document["environments"][0]["refused"],
        serde_json::json!([])
    );
    assert_eq!(
        document["class"], "destructive",
        "and it is lost all the same"
    );
}

#[test]
fn a_protection_that_goes_is_named() {
    let open = format!("[terraform]\nprotect = false\n\n{FLEET}");
    let (document, text) = diff((FLEET, None), (&open, None));
    let environments = document["environments"].as_array().expect("a list");
    let production = environments
        .iter()
        .find(|one| one["environment"] == "production")
        .expect("it changes");
    let lost = production["posture"]["protections_lost"]
        .as_array()
        .expect("a list")
        .clone();
    assert!(
        lost.contains(
            &"aws_ssm_parameter.secret[\"HATCHET_CLIENT_TOKEN\"]: prevent_destroy".into()
        ),
        "{lost:?}"
    );
    assert!(text.contains("No longer protected: "), "{text}");
}

#[test]
fn what_terraform_only_forgets_is_not_destroyed() {
    let audit = "\n[audit]\nguardduty = false\ncloudtrail = false\ninspector = false\naccount_defaults = { ebs_encryption = true }\n";
    let asked = format!("{FLEET}{audit}");
    let left_out = asked.replace("ebs_encryption = true", "ebs_encryption = false");
    let (document, _) = diff((&asked, None), (&left_out, None));
    let account = document["environments"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|one| one["environment"] == "account");
    let resources = account.expect("the account changes")["resources"]
        .as_array()
        .expect("a list")
        .clone();
    let found = resources
        .iter()
        .find(|one| one["address"] == "aws_ebs_encryption_by_default.account");
    assert_eq!(
        found.expect("it is there")["action"],
        "forget",
        "{resources:?}"
    );
}

#[test]
fn every_document_is_what_its_schema_says() {
    let whole = tempdir().expect("a folder");
    let other = FLEET.replace("us-east-1", "eu-central-1");
    let (all, _) = diff((FLEET, None), (&other, None));
    assert_eq!(all["class"], "destructive");
    let schema = valet_gen(whole.path(), ["schema", "plan-review"]).success();
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let plans = repository().join("tests/data/plans");
    for name in ["unchanged", "volume_size", "cidr_block", "secret_removed"] {
        let plan = plans.join(format!("{name}.json")).display().to_string();
        let run = valet_gen(whole.path(), ["plan-review", &plan, "--format", "json"]);
        let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert!(validator.is_valid(&document), "{name}");
        let mut other = document.clone();
        other["schema_version"] = 99.into();
        assert!(
            !validator.is_valid(&other),
            "another version is none of this schema"
        );
        let mut other = document;
        other["surprise"] = true.into();
        assert!(
            !validator.is_valid(&other),
            "a key that the schema does not have"
        );
    }
}

/// The group that a launch starts from is told its times in a file beside the configuration.
#[test]
fn what_a_file_of_the_module_says_is_seen() {
    let longer =
        format!("{FLEET}\n[worker]\ndrain = {{ task_seconds = 50, safety_margin_seconds = 20 }}\n");
    let (document, _) = diff((FLEET, None), (&longer, None));
    assert_eq!(document["class"], "rolling", "{document:#}");
}
