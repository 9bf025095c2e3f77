//! What Terraform itself makes of an expression.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::tempdir;

use crate::{folders, programs};

/// The folder that a mirror consists of, and the provider that makes it useful here.
pub const REGISTRY: &str = "registry.terraform.io";
pub const PROVIDER: &str = "hashicorp/aws";

/// How deep below a place for mirrors one is looked for.
const DEPTH: usize = 3;

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

/// The configuration of a Terraform that takes its providers from this mirror.
pub fn mirror_configuration(mirror: &Path) -> String {
    let path = Value::from(mirror.display().to_string());
    format!("provider_installation {{\n  filesystem_mirror {{\n    path = {path}\n  }}\n}}\n")
}

/// The folder that holds a mirror of the registry with the provider in it.
pub fn mirror() -> Option<PathBuf> {
    let named = env::var_os("TF_PLUGIN_MIRROR").map(PathBuf::from);
    let plugins = env::home_dir().map(|home| home.join(".terraform.d/plugins"));
    let general = ["/opt", "/usr/local/share"].map(PathBuf::from);
    named
        .into_iter()
        .chain(general)
        .chain(plugins)
        .find_map(|root| mirror_below(&root, DEPTH))
}

fn mirror_below(folder: &Path, depth: usize) -> Option<PathBuf> {
    if folder.join(REGISTRY).join(PROVIDER).is_dir() {
        return Some(folder.to_owned());
    }
    let deeper = depth.checked_sub(1)?;
    let folders = folders::folders_in(folder).ok()?;
    folders
        .iter()
        .find_map(|folder| mirror_below(folder, deeper))
}
