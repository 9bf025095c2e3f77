//! The image boots: its systemd is the first process of a container, and everything comes up.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use valet_bake::sandbox::{isolated_command, lowerdir};

use crate::baked::{baked, has, scratch};
use test_support::pipeline::repository;

/// Units that cannot come up in a container, and why.
const CANNOT: &[(&str, &str)] = &[(
    "auditd.service",
    "the kernel has one audit, which is the host's",
)];

/// What the booted system said of itself.
struct Said(PathBuf);

impl Said {
    fn lines(&self, about: &str) -> Vec<String> {
        let text = fs::read_to_string(self.0.join(about)).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }
}

fn boot(root: &Path, scratch: &Path) -> Said {
    // A container keeps the control group that it is started in, which holds one systemd.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let script = repository().join("tests/image_root/boot.sh");
    let mut boot = isolated_command(true, &["sh"]);
    boot.arg(script).arg(root).arg(scratch);
    let run = boot.output().expect("it runs");
    let said = Said(scratch.join("upper/valet-proof"));
    assert!(
        said.0.join("target").exists(),
        "it did not boot: {}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
    said
}

#[test]
fn the_image_boots_to_multi_user_and_no_unit_fails() {
    let Some(baked) = baked() else { return };
    if !has(&["systemd-nspawn", "script"]) {
        return;
    }
    let whole = scratch();
    let said = boot(Path::new(&lowerdir(&baked.layers)), whole.path());
    assert_eq!(said.lines("target"), ["active"]);
    let failed: Vec<String> = said
        .lines("failed")
        .iter()
        .filter_map(|line| line.split(' ').next().map(ToOwned::to_owned))
        .filter(|unit| !CANNOT.iter().any(|(known, _)| known == unit))
        .collect();
    let of_them = |line: &String| failed.iter().any(|unit| line.contains(unit.as_str()));
    let journal = said.lines("journal");
    let journal: Vec<&String> = journal.iter().filter(|line| of_them(line)).collect();
    assert!(failed.is_empty(), "failed: {failed:#?}\n{journal:#?}");
}

/// A test that finds no failed unit has to find one that fails.
#[test]
fn a_unit_that_fails_is_seen() {
    let Some(baked) = baked() else { return };
    if !has(&["systemd-nspawn", "script"]) {
        return;
    }
    let whole = scratch();
    let layer = whole.path().join("layer");
    let units = layer.join("etc/systemd/system");
    fs::create_dir_all(units.join("multi-user.target.wants")).expect("made");
    let unit = "[Service]\nType=oneshot\nExecStart=/bin/false\n";
    fs::write(units.join("valet-broken.service"), unit).expect("written");
    let link = units.join("multi-user.target.wants/valet-broken.service");
    std::os::unix::fs::symlink("../valet-broken.service", link).expect("linked");
    let layers = [&[layer], baked.layers.as_slice()].concat();
    let said = boot(Path::new(&lowerdir(&layers)), whole.path());
    let failed = said.lines("failed");
    assert!(
        failed
            .iter()
            .any(|line| line.starts_with("valet-broken.service ")),
        "{failed:?}"
    );
}
