//! A disk as it is written, read back with the programs that repair such disks.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use valet_bake::{Disk, Interrupts, disk_of_layers};

use crate::baked::{has, is_root, scratch};

/// Where the partitions begin, as the table says: asserted before it is used.
const ESP: u64 = 1 << 20;
const ROOT: u64 = 301 << 20;

/// The layers of a root file system that has what a disk needs, and little else.
fn layers(whole: &Path) -> Vec<PathBuf> {
    let layers = ["top", "bottom"].map(|name| whole.join(name));
    for (layer, file, text) in [
        (0, "boot/vmlinuz-6.1.0-test", "the kernel"),
        (0, "boot/initrd.img-6.1.0-test", "its first root"),
        (0, "etc/word", "of the top"),
        (1, "etc/word", "of the bottom"),
        (1, "etc/shadow", "secret"),
        (
            1,
            "usr/lib/systemd/boot/efi/systemd-bootx64.efi",
            "the loader",
        ),
    ] {
        let path = layers[layer].join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    let shadow = layers[1].join("etc/shadow");
    fs::set_permissions(&shadow, fs::Permissions::from_mode(0o640)).expect("changed");
    std::os::unix::fs::chown(&shadow, Some(0), Some(42)).expect("changed");
    layers.to_vec()
}

/// What a program prints that finds nothing wrong.
fn accepted(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{program}: {printed}{errors}");
    format!("{printed}{errors}")
}

/// Copies a part of the disk to a file of its own.
fn part_of(disk: &Path, from: u64, mebibytes: u64, to: &Path) {
    let (source, target) = (disk.display(), to.display());
    let (input, output) = (format!("if={source}"), format!("of={target}"));
    let (skip, count) = (format!("skip={}", from >> 20), format!("count={mebibytes}"));
    accepted(
        "dd",
        &[
            &input,
            &output,
            "bs=1M",
            &skip,
            &count,
            "conv=sparse",
            "status=none",
        ],
    );
}

fn made(layers: &[PathBuf], out: &Path) -> Disk {
    let interrupts = Interrupts::install().expect("heard");
    disk_of_layers(layers, out, &interrupts).expect("a disk")
}

#[test]
fn the_programs_that_repair_disks_find_nothing_to_repair() {
    if !is_root() || !has(&["sfdisk", "mkfs.ext4", "mkfs.vfat", "mcopy", "setpriv"]) {
        return;
    }
    let whole = scratch();
    let disk = made(&layers(whole.path()), &whole.path().join("out"));
    assert_eq!(disk.kernel, "6.1.0-test");
    assert!(disk.bytes < disk.size / 20, "it is sparse: {disk:?}");
    let file = disk.path.to_str().expect("UTF-8");
    let table = accepted("sfdisk", &["--verify", file]);
    assert!(table.contains("No errors detected."), "{table}");
    let table = accepted("sfdisk", &["--json", file]);
    let table: serde_json::Value = serde_json::from_str(&table).expect("JSON");
    let partitions = &table["partitiontable"]["partitions"];
    assert_eq!(partitions[0]["start"], ESP / 512);
    assert_eq!(partitions[1]["start"], ROOT / 512);

    let root = format!("{file}?offset={ROOT}");
    accepted("e2fsck", &["-f", "-n", &root]);
    let mut words = Vec::new();
    for request in ["cat /etc/word", "stat /etc/shadow"] {
        words.push(accepted("debugfs", &["-R", request, &root]));
    }
    assert!(words[0].contains("of the top"), "{words:?}");
    assert!(words[1].contains("Mode:  0640"), "{words:?}");
    assert!(words[1].contains("Group:    42"), "{words:?}");

    let esp = whole.path().join("esp");
    part_of(&disk.path, ESP, 300, &esp);
    let esp = esp.to_str().expect("UTF-8");
    accepted("fsck.vfat", &["-n", esp]);
    let read = |path: &str| accepted("mtype", &["-i", esp, path]);
    assert_eq!(read("::/EFI/BOOT/BOOTX64.EFI"), "the loader");
    assert_eq!(read("::/valet/vmlinuz"), "the kernel");
    assert_eq!(read("::/valet/initrd.img"), "its first root");
    let id = partitions[1]["uuid"].as_str().expect("an id");
    let entry = read("::/loader/entries/valet.conf");
    let told = format!("root=PARTUUID={}", id.to_lowercase());
    assert!(entry.contains(&told), "{entry} is not about {id}");
}

/// All of the ESP, and the beginning of the root: its own description and its folders.
#[test]
fn the_same_layers_give_the_same_disk() {
    if !is_root() || !has(&["sfdisk", "mkfs.ext4", "mkfs.vfat", "mcopy", "setpriv"]) {
        return;
    }
    let whole = scratch();
    let layers = layers(whole.path());
    let parts = ["one", "two"].map(|name| {
        let part = whole.path().join(format!("{name}.part"));
        let disk = made(&layers, &whole.path().join(name));
        part_of(&disk.path, 0, 400, &part);
        part.to_str().expect("UTF-8").to_owned()
    });
    accepted("cmp", &[&parts[0], &parts[1]]);
}

#[test]
fn layers_without_a_kernel_are_refused() {
    if !is_root() || !has(&["setpriv", "mkfs.ext4"]) {
        return;
    }
    let whole = scratch();
    let layers = layers(whole.path());
    fs::remove_file(layers[0].join("boot/vmlinuz-6.1.0-test")).expect("removed");
    let out = whole.path().join("out");
    let interrupts = Interrupts::install().expect("heard");
    let failure = disk_of_layers(&layers, &out, &interrupts).expect_err("no kernel");
    assert_eq!(
        (failure.subject.as_str(), failure.problem.as_str()),
        ("disk", "the image has no boot/vmlinuz-*")
    );
    assert!(!out.join("disk").exists(), "nothing was made");
}
