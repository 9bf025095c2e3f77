//! What Terraform itself makes of hostile texts: the parser of tests/suite/hostile.rs is not the one
//! that counts.
//!
//! Needs `terraform` on the PATH, and neither a provider nor the network. Where it is missing the
//! tests are skipped.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::tempdir;
use test_support::fields::{FIELDS, plan};
use test_support::hostile::strings;
use test_support::pipeline::files_of;
use test_support::terraform::{between, has_terraform, value_of};
use valet_gen::resolve::Plan;

use crate::cloud_config::instance_settings;

/// Terraform composes letters with their accents (NFC), in every string.
fn composed(text: &str) -> String {
    text.replace("e\u{301}", "\u{e9}")
        .replace("\u{1100}\u{1161}", "\u{ac00}")
}

#[test]
fn terraform_reads_every_hostile_tag_as_it_was_typed() {
    if !has_terraform() {
        return;
    }
    let mut plan = plan();
    let environment = &mut plan.environments[0];
    environment.identity.tags.clear();
    for (number, text) in strings().into_iter().enumerate() {
        let tags = &mut environment.identity.tags;
        tags.insert(format!("value {number}"), text.clone());
        tags.insert(format!("{text} is key {number}"), String::new());
        // The bare words that mean something else there.
        tags.insert(text, String::new());
    }
    let files = files_of(&plan);
    let lines = between(
        &files["production/terraform/versions.tf"],
        "    tags = {\n",
        "\n    }\n",
    );
    let Value::Object(read) = value_of(&format!("{{\n{lines}\n}}")) else {
        panic!("a map");
    };
    for (number, text) in strings().into_iter().enumerate() {
        assert_eq!(read[&format!("value {number}")], composed(&text));
        assert!(
            read.contains_key(&composed(&format!("{text} is key {number}"))),
            "{text:?}"
        );
        assert!(read.contains_key(&composed(&text)), "{text:?} as a key");
    }
}

/// User data is text in JSON in HCL, and what it carries is a file that a shell may read.
#[test]
fn cloud_config_says_what_was_typed() {
    if !has_terraform() {
        return;
    }
    let mut modules = String::from("[\n");
    for text in strings() {
        let mut plan = plan();
        let agent = &mut plan.environments[0].agent;
        text.clone_into(&mut agent.fleet);
        agent.region = Some(text.clone());
        let files = files_of(&plan);
        let user_data = instance_settings(
            &files["production/terraform/user_data.tf"],
            &files["production/terraform/instance.json"],
        );
        modules.push_str(&format!("{user_data},\n"));
    }
    modules.push(']');
    let Value::Array(read) = value_of(&modules) else {
        panic!("a list");
    };
    for (text, user_data) in strings().into_iter().zip(read) {
        let user_data = user_data.as_str().expect("text");
        let (first, rest) = user_data.split_once('\n').expect("a first line");
        assert_eq!(first, "#cloud-config");
        let config: Value = serde_json::from_str(rest).expect("JSON, which is YAML");
        let file = &config["write_files"][0];
        assert_eq!(file["path"], "/etc/valet/instance.json");
        assert_eq!(file["permissions"], "0644");
        let content = file["content"].as_str().expect("text");
        let settings: Value = serde_json::from_str(content).expect("JSON");
        assert_eq!(settings["agent"]["region"], composed(&text));
        assert_eq!(settings["agent"]["fleet"], composed(&text));
    }
}

/// A plan with this text in every place, as files in a folder. Terraform's alone: a text may name a file of the image.
fn write_all(plan: &Plan, text: &str, folder: &Path) {
    let mut plan = plan.clone();
    for field in FIELDS
        .iter()
        .filter(|field| field.name != "identity.environment")
    {
        (field.set)(&mut plan, text);
    }
    let files = files_of(&plan).into_iter();
    for (path, text) in files.filter(|(path, _)| path.ends_with(".tf")) {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, text).expect("written");
    }
}

#[test]
fn terraform_would_format_nothing_otherwise() {
    if !has_terraform() {
        return;
    }
    let folder = tempdir().expect("a folder");
    let plan = plan();
    for (number, text) in strings().iter().enumerate() {
        write_all(&plan, text, &folder.path().join(number.to_string()));
    }
    let unformatted = Command::new("terraform")
        .args(["fmt", "-check", "-recursive", "-diff"])
        .current_dir(folder.path())
        .output()
        .expect("terraform runs");
    assert!(
        unformatted.status.success(),
        "{}{}",
        String::from_utf8_lossy(&unformatted.stdout),
        String::from_utf8_lossy(&unformatted.stderr)
    );
}
