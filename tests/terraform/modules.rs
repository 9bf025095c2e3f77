//! The root modules that are handed to Terraform: the committed ones of the repository's fleet, and
//! those of every fixture, rendered by the program itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{cli, folders, programs};

/// One fleet as it is rendered.
pub struct Rendered {
    /// What tests call it: `generated`, or a fixture's path.
    pub name: String,
    /// The output folder.
    pub folder: PathBuf,
}

/// One root module.
pub struct Module {
    /// The environment's name, or `account`.
    pub name: String,
    pub folder: PathBuf,
}

impl Rendered {
    /// Its root modules, in the order of their names.
    pub fn modules(&self) -> Result<Vec<Module>, String> {
        let environments = folders::folders_in(&self.folder)?;
        Ok(environments
            .into_iter()
            .map(|folder| Module {
                name: folder
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                folder: folder.join("terraform"),
            })
            .filter(|module| module.folder.is_dir())
            .collect())
    }
}

/// The committed rendering of the repository's own fleet.
pub fn committed() -> Rendered {
    Rendered {
        name: "generated".to_owned(),
        folder: folders::generated(),
    }
}

/// The fleet files of the fixtures. Those of the figures serve for computations, and two of
/// them break rules on purpose.
pub fn fixtures() -> Result<Vec<PathBuf>, String> {
    let mut fleets = folders::files_in(&folders::repository().join("tests/fleets"), "toml")?;
    fleets.retain(|fleet| !fixture_name(fleet).starts_with("figures-"));
    Ok(fleets)
}

/// The fleet files of the kinds of fleets that are applied too.
pub fn kinds() -> Result<Vec<PathBuf>, String> {
    folders::files_in(&folders::repository().join("tests/fleets/kinds"), "toml")
}

/// A fixture's name in the list of tests.
pub fn fixture_name(fleet: &Path) -> String {
    fleet
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Renders a fixture.
pub fn render_fixture(fleet: &Path) -> Result<Rendered, String> {
    let name = fixture_name(fleet);
    let folder = folders::kept("terraform/rendered")?.join(&name);
    render(fleet, &folder)?;
    Ok(Rendered { name, folder })
}

/// Renders a fleet file to a folder with the program under test.
pub fn render(fleet: &Path, folder: &Path) -> Result<(), String> {
    let mut command = Command::new(cli::program());
    command.arg("render").arg(fleet).arg("--out").arg(folder);
    let log = format!("render {} to {}", fixture_name(fleet), folder.display());
    let log = log.replace('/', "-");
    programs::run(&mut command, &log)?.success().map(|_| ())
}
