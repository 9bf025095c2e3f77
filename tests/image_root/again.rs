//! Provisioning what is provisioned already: nothing changes.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use valet_bake::sandbox::{IMAGE, Sandbox, Store};

use crate::baked::{baked, scratch, write_image_folder};
use test_support::output_fixture::paths;

/// What may differ, and why.
const MAY_DIFFER: &[(&str, &str)] = &[
    ("var/lib/apt/", "the archives' lists are fetched again"),
    (
        "var/cache/",
        "made of what is installed, and made again by its programs",
    ),
    ("var/log/", "the steps of the second run are logged as well"),
];

/// What a path is, as far as an image is concerned: kind, mode, owner, and content.
fn described(path: &Path) -> Option<String> {
    let metadata = fs::symlink_metadata(path).ok()?;
    let kind = metadata.file_type();
    let content = if kind.is_symlink() {
        fs::read_link(path).expect("a link").display().to_string()
    } else if kind.is_file() {
        format!("{:?}", fs::read(path).expect("readable"))
    } else {
        String::new()
    };
    let owner = (metadata.uid(), metadata.gid());
    Some(format!("{:o} {owner:?} {content}", metadata.mode()))
}

/// overlayfs stands a device of number 0 where something was removed.
fn is_removed(path: &Path) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|metadata| metadata.file_type().is_char_device() && metadata.rdev() == 0)
}

#[test]
fn provisioning_again_changes_nothing() {
    let Some(baked) = baked() else { return };
    let whole = scratch();
    let (image, work) = (whole.path().join("image"), whole.path().join("work"));
    fs::create_dir(&work).expect("made");
    write_image_folder(&image);
    let sandbox = Sandbox {
        layers: baked.layers.clone(),
        scratch: work,
        store: Store::Disk,
        has_network: true,
        timeout_seconds: 600,
        image: Some(image),
        out: None,
    };
    let script = format!("{IMAGE}/provision.sh");
    let run = sandbox
        .command(["env", "VALET_IMAGE_WITHOUT_PAYLOAD=1", "bash", &script])
        .output()
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        run.status.success(),
        "{}{}",
        text(&run.stdout),
        text(&run.stderr)
    );

    let mut differing = Vec::new();
    let mut excused = 0;
    for path in paths(&sandbox.changes()) {
        let (before, after) = (baked.find(&path), sandbox.changes().join(&path));
        let same = if is_removed(&after) {
            is_removed(&before) || !before.exists()
        } else {
            described(&before) == described(&after)
        };
        if MAY_DIFFER.iter().any(|(below, _)| path.starts_with(below)) {
            excused += usize::from(!same);
        } else if !same {
            differing.push(path);
        }
    }
    assert!(
        differing.is_empty(),
        "differ, with {excused} that may: {differing:#?}"
    );
}
