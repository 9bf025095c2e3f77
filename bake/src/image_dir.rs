//! The image's folder: what is rendered, and what is given to it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::error::BakeError;
use crate::step_runner::StepRunner;

/// Text by path below the folder.
pub type Files = BTreeMap<String, String>;

/// The files of one environment's image among everything that was rendered.
#[must_use]
pub fn of_environment(rendered: &BTreeMap<String, String>, environment: &str) -> Files {
    let prefix = format!("{environment}/image/");
    let below = rendered.iter().filter_map(|(path, text)| {
        let path = path.strip_prefix(&prefix)?;
        Some((path.to_owned(), text.clone()))
    });
    below.collect()
}

/// Writes the folder.
///
/// # Errors
/// When it cannot be written, or what is given to it cannot be read.
pub fn write(
    runner: &mut StepRunner<'_>,
    folder: &Path,
    files: &Files,
    payload: Option<&Path>,
) -> Result<(), BakeError> {
    fs::create_dir_all(folder).map_err(BakeError::file(folder))?;
    for (name, text) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(BakeError::file(parent))?;
        fs::write(&path, text).map_err(BakeError::file(&path))?;
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .map_err(BakeError::file(&path))?;
    }
    if let Some(payload) = payload {
        let mut copy = Command::new("cp");
        copy.args(["--recursive", "--no-target-directory", "--"])
            .arg(payload)
            .arg(folder.join("payload"));
        runner.run("cp", &mut copy)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_one_environments_and_nothing_else() {
        let rendered = [
            ("a/image/provision.sh", "1"),
            ("a/image/provision/10-x.sh", "2"),
            ("a/terraform/main.tf", "3"),
            ("b/image/provision.sh", "4"),
        ];
        let rendered = rendered.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let files = of_environment(&rendered.into_iter().collect(), "a");
        let paths: Vec<&String> = files.keys().collect();
        assert_eq!(paths, ["provision.sh", "provision/10-x.sh"]);
    }
}
