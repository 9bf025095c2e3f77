//! The image that the tests of a binary share, made once by the program itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::command;
use crate::pipeline::{files_of, plan_of, repository};
use crate::{programs, skip};

/// The environment of this repository's fleet that is made.
pub const ENVIRONMENT: &str = "staging";

/// The suite that it is made of, where another one is wanted than Debian's.
pub const SUITE: &str = "VALET_IMAGE_SUITE";

/// The keys of that suite's archive, where they are not in their usual place.
const KEYRING: &str = "VALET_IMAGE_KEYRING";

/// The benchmarks that it is audited against.
pub const BENCHMARKS: [&str; 2] = ["ubuntu2204", "ubuntu2404"];

/// An image and what was said of it.
pub struct Baked {
    /// Its layers, the topmost first.
    pub layers: Vec<PathBuf>,
    pub report: Value,
}

/// The folder that all of it is in.
pub fn folder() -> PathBuf {
    repository().join("target/image")
}

/// Whether the image is scanned when it is made, where this machine has what that takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    Yes,
    No,
}

/// The image, made by the first test of a process that asks, or nothing where it cannot be made.
pub fn shared(scan: Scan) -> Option<&'static Baked> {
    static BAKED: OnceLock<Result<Baked, String>> = OnceLock::new();
    if !can_bake() {
        return None;
    }
    match BAKED.get_or_init(|| bake(scan)) {
        Ok(baked) => Some(baked),
        Err(problem) => panic!("{problem}"),
    }
}

/// Whether this machine has what making an image takes; said where it has not.
pub fn can_bake() -> bool {
    is_root() && has(&["mmdebstrap", "setpriv", "unshare"])
}

/// Whether this is root; said where it is not.
pub fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        skip("the image's root file system: this is not root");
    }
    is_root
}

/// Whether these programs are on PATH; skips the test where one is not.
pub fn has(programs: &[&str]) -> bool {
    programs::are_installed_or_skip(programs)
}

/// The suite that the image is made of.
pub fn suite() -> String {
    std::env::var(SUITE).unwrap_or_else(|_| "bookworm".to_owned())
}

/// Where `.ci/scap` puts the benchmarks.
pub fn scap() -> PathBuf {
    repository().join("target/scap")
}

/// Whether the image can be audited; said where it cannot.
pub fn has_scanners() -> bool {
    let missing = BENCHMARKS
        .map(|benchmark| scap().join(format!("ssg-{benchmark}-ds.xml")))
        .into_iter()
        .find(|path| !path.exists());
    if let Some(path) = &missing {
        skip(&format!(
            "the image's audit: there is no {}, which .ci/scap fetches",
            path.display()
        ));
    }
    missing.is_none() && has(&["oscap", "lynis"])
}

fn bake(scan: Scan) -> Result<Baked, String> {
    let out = folder();
    fs::create_dir_all(&out).map_err(|error| error.to_string())?;
    let fleet = out.join("fleet.toml");
    fs::write(&fleet, fleet_text()).map_err(|error| error.to_string())?;
    let mut bake = command(repository());
    bake.args(["bake", "--local", "--without-payload"])
        .args(["--suite", &suite()])
        .arg(&fleet)
        .args([
            "--environment",
            ENVIRONMENT,
            "--no-root",
            "--format",
            "json",
        ])
        .arg("--out")
        .arg(&out);
    if scan == Scan::Yes && has_scanners() {
        bake.args(["--scan", "--scap"]).arg(scap());
    }
    if let Some(keyring) = std::env::var_os(KEYRING) {
        bake.arg("--keyring").arg(keyring);
    }
    let output = bake.output().map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}{}", text(&output.stdout), text(&output.stderr)))?;
    let layers = serde_json::from_value(report["layers"].clone());
    let layers = layers.map_err(|error| error.to_string())?;
    Ok(Baked { layers, report })
}

impl Baked {
    /// The path of something in the image, in the topmost layer that has it.
    pub fn find(&self, path: &str) -> PathBuf {
        let all = self.layers.iter().map(|layer| layer.join(path));
        let mut there = all.filter(|path| fs::symlink_metadata(path).is_ok());
        there.next().unwrap_or_else(|| self.layers[0].join(path))
    }
}

/// A folder beside the image that goes with its value.
pub fn scratch() -> TempDir {
    fs::create_dir_all(folder()).expect("made");
    tempfile::Builder::new()
        .prefix("trial-")
        .tempdir_in(folder())
        .expect("a folder")
}

/// This repository's fleet; for the suite of Ubuntu 22.04 with that as its base, whose polkit is
/// another.
pub fn fleet_text() -> String {
    let fleet = fs::read_to_string(repository().join("fleet.toml")).expect("readable");
    if suite() == "jammy" {
        return fleet.replace(r#""ubuntu-24.04""#, r#""ubuntu-22.04""#);
    }
    fleet
}

/// Writes the rendered folder of the image.
pub fn write_image_folder(to: &Path) {
    write_image_folder_of(&fleet_text(), to);
}

/// Writes the rendered folder of the image of a fleet.
pub fn write_image_folder_of(fleet: &str, to: &Path) {
    let rendered = files_of(&plan_of(fleet));
    let prefix = format!("{ENVIRONMENT}/image/");
    let below = rendered
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix(&prefix)?, text)));
    for (path, text) in below {
        let file = to.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, text).expect("written");
    }
}
