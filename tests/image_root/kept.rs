//! The root file system in a folder of its own is what its layers are together.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use valet_bake::EXPORT_ROOTFS;
use valet_bake::sandbox::{isolated_command, lowerdir};

use crate::baked::{has, is_root, scratch};
use test_support::output_fixture::texts;

#[test]
fn layers_become_one_folder() {
    if !is_root() || !has(&["setpriv", "unshare"]) {
        return;
    }
    let whole = scratch();
    let path = |name: &str| whole.path().join(name);
    for (file, text) in [
        ("base/a", "old"),
        ("base/b", "b"),
        ("base/gone", "x"),
        ("top/a", "new"),
    ] {
        fs::create_dir_all(path(file).parent().expect("a folder")).expect("made");
        fs::write(path(file), text).expect("written");
    }
    fs::set_permissions(path("base/b"), fs::Permissions::from_mode(0o4750)).expect("changed");
    symlink("b", path("base/link")).expect("linked");
    // What overlayfs leaves where something was removed.
    let device = std::process::Command::new("mknod")
        .arg(path("top/gone"))
        .args(["c", "0", "0"])
        .status();
    assert!(device.expect("mknod runs").success());
    fs::create_dir(path("place")).expect("made");

    let run = isolated_command(false, &["sh", "-c", EXPORT_ROOTFS, "export_rootfs.sh"])
        .arg(lowerdir(&[path("top"), path("base")]))
        .args([path("place"), path("root")])
        .output()
        .expect("it runs");
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let found: Vec<(String, String)> = texts(&path("root")).into_iter().collect();
    let expected = [("a", "new"), ("b", "b"), ("link", "-> b")];
    assert_eq!(
        found,
        expected.map(|(path, text)| (path.to_owned(), text.to_owned()))
    );
    let mode = fs::metadata(path("root/b"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o4750);
}
