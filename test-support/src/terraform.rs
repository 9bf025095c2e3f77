//! What Terraform itself makes of an expression.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::tempdir;

use crate::programs;

/// Whether terraform is there; says so where it is not.
pub fn has_terraform() -> bool {
    programs::are_installed_or_skip(&["terraform"])
}

fn terraform(folder: &Path, arguments: &[&str]) -> String {
    let out = Command::new("terraform")
        .args(arguments)
        .current_dir(folder)
        .env("TF_IN_AUTOMATION", "1")
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .expect("terraform runs");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&out.stdout).into_owned(),
        String::from_utf8_lossy(&out.stderr).into_owned(),
    );
    assert!(
        out.status.success(),
        "terraform {arguments:?}:\n{stdout}{stderr}"
    );
    stdout
}

/// What Terraform takes this expression for.
pub fn value_of(expression: &str) -> Value {
    let folder = tempdir().expect("a folder");
    let module = format!("output \"it\" {{\n  value = {expression}\n}}\n");
    fs::write(folder.path().join("it.tf"), module).expect("written");
    terraform(folder.path(), &["apply", "-auto-approve", "-input=false"]);
    let out = terraform(folder.path(), &["output", "-json", "it"]);
    serde_json::from_str(&out).expect("JSON")
}

/// The lines between two others.
pub fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let start = text.find(before).expect("the beginning") + before.len();
    let length = text[start..].find(after).expect("the end");
    &text[start..start + length]
}
