//! A disk that starts by itself under UEFI, made of an image without a loop device: every program
//! writes to its part of one sparse file.
//!
//! It is for trying the image out. On AWS the kernel, the boot loader and cloud-init are those of
//! the base that the image is made from.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::machine;
use super::partitions::Layout;
use crate::base::PackageArchive;
use crate::cache_dir::{self, CacheDir};
use crate::error::{BakeError, ErrorKind};
use crate::export_rootfs::size;
use crate::interrupts::Interrupts;
use crate::request::BakeRequest;
use crate::sandbox::{self, check_overlay_paths};
use crate::step_runner::{Event, StepRunner};

/// Makes the root partition, from the inside of a mount namespace.
const ROOT: &str = include_str!("root.sh");

/// sfdisk reads what it makes from its standard input alone.
const TABLE: &str = r#"exec sfdisk --quiet --no-reread --no-tell-kernel "$1" <"$2""#;

/// The folder of the results, and the disk in it.
const FOLDER: &str = "disk";
pub const FILE: &str = "disk/disk.raw";

/// Where systemd's boot loader lies in a root file system.
const LOADER: &str = "usr/lib/systemd/boot/efi/systemd-bootx64.efi";

/// Both consoles, the last one being the one that messages of units go to as well. A kernel that
/// panics ends the machine. Nobody mounts the ESP: what is on it is read once, by the firmware.
const KERNEL_ARGUMENTS: &str = "rw console=tty0 console=ttyS0,115200n8 panic=-1 systemd.gpt_auto=0";

/// The time of everything that has none of its own: 2024-01-01, in seconds since 1970.
const EPOCH: &str = "1704067200";

/// A disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disk {
    pub path: PathBuf,
    /// What it takes here: nothing is stored where nothing is written.
    pub bytes: u64,
    /// How large a machine sees it.
    pub size: u64,
    /// The version of its kernel.
    pub kernel: String,
}

/// What is written beside a disk.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Label {
    /// A name that tells everything that the disk is made of.
    content_key: String,
    kernel: String,
}

/// Says what nobody can make a disk of here.
///
/// # Errors
/// When the architecture is not the one that this knows.
pub fn check_architecture(what: &str, architecture: &str) -> Result<(), BakeError> {
    if architecture == "amd64" {
        return Ok(());
    }
    Err(BakeError::new(
        ErrorKind::Usage,
        what,
        format_args!(
            "the fleet's image is for {architecture}, and only a disk for amd64 can be started here"
        ),
        "leave it out: the root file system is made and verified without a disk",
    ))
}

/// Makes the disk of an image, or finds it made.
///
/// # Errors
/// When a program fails, or a file cannot be written.
pub fn make(
    runner: &mut StepRunner<'_>,
    order: &BakeRequest<'_>,
    (out, cache): (&CacheDir, &CacheDir),
    archive: &PackageArchive,
    image: &[PathBuf],
) -> Result<Disk, BakeError> {
    let content_key = content_key(order, image)?;
    let machine = runner.step("machine", |runner| {
        machine::layer(
            runner,
            cache,
            archive,
            image,
            (order.environment, &content_key),
        )
    })?;
    of_layers(runner, out, &[&[machine], image].concat())
}

/// Makes the disk of layers that have a kernel, or finds it made. The topmost tells by its name
/// what is in all of them.
///
/// # Errors
/// When there is no kernel, a program fails, or a file cannot be written.
pub fn of_layers(
    runner: &mut StepRunner<'_>,
    out: &CacheDir,
    layers: &[PathBuf],
) -> Result<Disk, BakeError> {
    let parts = layers.iter().take(1).map(|layer| layer_name(layer));
    let content_key = cache_dir::key("disk", parts.chain([TABLE, ROOT, KERNEL_ARGUMENTS]));
    let label = runner.step("disk", |runner| {
        if let Some(label) = made(out, &content_key) {
            return Ok((label, true));
        }
        Ok((write(runner, out, layers, &content_key)?, false))
    })?;
    let path = out.folder().join(FILE);
    let metadata = fs::metadata(&path).map_err(BakeError::file(&path))?;
    Ok(Disk {
        bytes: metadata.blocks() * 512,
        size: metadata.size(),
        kernel: label.kernel,
        path,
    })
}

/// Makes a disk of a root file system that has a kernel and a boot loader, in a folder's `disk`.
///
/// # Errors
/// When it has none, a program fails, or a signal arrived.
pub fn disk_of_layers(
    layers: &[PathBuf],
    out: &Path,
    interrupts: &Interrupts,
) -> Result<Disk, BakeError> {
    let out = CacheDir::open(out)?;
    check_overlay_paths(&[out.folder()])?;
    let mut on_event = |_: Event<'_>| {};
    let mut runner = StepRunner::open(out.folder().join("disk.log"), interrupts, &mut on_event)?;
    of_layers(&mut runner, &out, layers)
}

/// A name for everything that an image is made of. The layer of its own changes is made again each
/// time, so it is named by what it is made from.
fn content_key(order: &BakeRequest<'_>, image: &[PathBuf]) -> Result<String, BakeError> {
    let mut parts = vec![order.environment.to_owned()];
    parts.extend(image.iter().map(|layer| layer_name(layer).to_owned()));
    for (path, text) in order.files {
        parts.extend([path.clone(), text.clone()]);
    }
    if let Some(payload) = order.payload {
        // Provisioning takes nothing that has no digest there.
        let sums = payload.join("SHA256SUMS");
        parts.push(fs::read_to_string(&sums).map_err(BakeError::file(&sums))?);
    }
    Ok(cache_dir::key("image", parts.iter().map(String::as_str)))
}

fn layer_name(layer: &Path) -> &str {
    let name = layer.file_name().unwrap_or_default();
    name.to_str().unwrap_or_default()
}

/// What an earlier run has made of the same.
fn made(out: &CacheDir, content_key: &str) -> Option<Label> {
    let folder = out.find(FOLDER)?;
    let text = fs::read_to_string(folder.join("disk.json")).ok()?;
    let label: Label = serde_json::from_str(&text).ok()?;
    (label.content_key == content_key && folder.join("disk.raw").is_file()).then_some(label)
}

/// Writes the disk, and gives it its place when it is whole.
fn write(
    runner: &mut StepRunner<'_>,
    out: &CacheDir,
    layers: &[PathBuf],
    content_key: &str,
) -> Result<Label, BakeError> {
    let part = out.staging()?;
    let folder = part.path().join(FOLDER);
    fs::create_dir(&folder).map_err(BakeError::file(&folder))?;
    let boot = Boot::find(layers)?;
    let mut content = 0;
    for layer in layers {
        content += size(runner, layer)?;
    }
    let layout = Layout::new(content_key, content);
    let disk = folder.join("disk.raw");
    let file = fs::File::create(&disk).map_err(BakeError::file(&disk))?;
    file.set_len(layout.size())
        .map_err(BakeError::file(&disk))?;
    partition(runner, part.path(), &disk, &layout)?;
    fill_esp(runner, part.path(), &disk, &layout, &boot)?;
    fill_root(runner, part.path(), &disk, &layout, layers)?;
    let label = Label {
        content_key: content_key.to_owned(),
        kernel: machine::kernel_version(&boot.kernel),
    };
    let text = serde_json::to_string_pretty(&label).unwrap_or_default();
    let path = folder.join("disk.json");
    fs::write(&path, text + "\n").map_err(BakeError::file(&path))?;
    out.publish(&folder, FOLDER)?;
    Ok(label)
}

/// What the firmware needs.
struct Boot {
    loader: PathBuf,
    kernel: PathBuf,
    initrd: PathBuf,
}

impl Boot {
    fn find(layers: &[PathBuf]) -> Result<Self, BakeError> {
        let missing = |what: &str| {
            let help = "look into bake.log at what machine.sh installed";
            BakeError::new(
                ErrorKind::Step,
                "disk",
                format_args!("the image has no {what}"),
                help,
            )
        };
        let loader = layers.iter().map(|layer| layer.join(LOADER));
        let loader = loader.into_iter().find(|path| path.is_file());
        let newest_file = |beginning| machine::newest_file(layers, "boot", beginning);
        Ok(Self {
            loader: loader.ok_or_else(|| missing(LOADER))?,
            kernel: newest_file("vmlinuz-").ok_or_else(|| missing("boot/vmlinuz-*"))?,
            initrd: newest_file("initrd.img-").ok_or_else(|| missing("boot/initrd.img-*"))?,
        })
    }
}

fn partition(
    runner: &mut StepRunner<'_>,
    work: &Path,
    disk: &Path,
    layout: &Layout,
) -> Result<(), BakeError> {
    let script = work.join("partitions");
    fs::write(&script, layout.script()).map_err(BakeError::file(&script))?;
    let mut command = tool(&["sh", "-c", TABLE, "sfdisk"]);
    command.arg(disk).arg(script);
    runner.run("sfdisk", &mut command)
}

fn fill_esp(
    runner: &mut StepRunner<'_>,
    work: &Path,
    disk: &Path,
    layout: &Layout,
    boot: &Boot,
) -> Result<(), BakeError> {
    let mut make = tool(&["mkfs.vfat", "-F", "32", "-s", "1", "-n", "VALET-ESP"]);
    make.args(["--invariant", "-i", &layout.esp_serial()])
        .arg(format!("--offset={}", layout.esp.begin / 512))
        .arg(disk)
        .arg((layout.esp.size / 1024).to_string());
    runner.run("mkfs.vfat", &mut make)?;
    let mut place = disk.as_os_str().to_owned();
    place.push(format!("@@{}", layout.esp.begin));
    let mut folders = tool(&["mmd", "-i"]);
    folders.arg(&place).args([
        "::/EFI",
        "::/EFI/BOOT",
        "::/loader",
        "::/loader/entries",
        "::/valet",
    ]);
    runner.run("mmd", &mut folders)?;
    let (main, entry) = (work.join("loader.conf"), work.join("valet.conf"));
    for (path, text) in [
        (
            &main,
            "default valet.conf\ntimeout 0\neditor no\n".to_owned(),
        ),
        (&entry, loader_entry(layout)),
    ] {
        fs::write(path, text).map_err(BakeError::file(path))?;
    }
    for (source, target) in [
        (&boot.loader, "::/EFI/BOOT/BOOTX64.EFI"),
        (&main, "::/loader/loader.conf"),
        (&entry, "::/loader/entries/valet.conf"),
        (&boot.kernel, "::/valet/vmlinuz"),
        (&boot.initrd, "::/valet/initrd.img"),
    ] {
        let mut copy = tool(&["mcopy", "-i"]);
        copy.arg(&place).arg(source).arg(target);
        runner.run("mcopy", &mut copy)?;
    }
    Ok(())
}

/// <https://uapi-group.org/specifications/specs/boot_loader_specification/>
fn loader_entry(layout: &Layout) -> String {
    format!(
        "title Valet\nlinux /valet/vmlinuz\ninitrd /valet/initrd.img\n\
         options root=PARTUUID={} {KERNEL_ARGUMENTS}\n",
        layout.root_id
    )
}

fn fill_root(
    runner: &mut StepRunner<'_>,
    work: &Path,
    disk: &Path,
    layout: &Layout,
    layers: &[PathBuf],
) -> Result<(), BakeError> {
    let place = work.join("place");
    fs::create_dir(&place).map_err(BakeError::file(&place))?;
    let mut make = tool(&["sh", "-c", ROOT, "root.sh"]);
    make.arg(sandbox::lowerdir(layers))
        .arg(place)
        .arg(disk)
        .arg(layout.root.begin.to_string())
        .arg((layout.root.size / 1024).to_string())
        .arg(&layout.root_id);
    runner.run("mkfs.ext4", &mut make)
}

/// A program that dies with this process, and takes times from nowhere.
fn tool(program: &[&str]) -> Command {
    let mut command = sandbox::isolated_command(false, program);
    command.envs([("SOURCE_DATE_EPOCH", EPOCH), ("E2FSPROGS_FAKE_TIME", EPOCH)]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_loader_is_told_the_partition_by_its_id() {
        let layout = Layout {
            root_id: "R".to_owned(),
            ..Layout::new("x", 0)
        };
        assert_eq!(
            loader_entry(&layout),
            "title Valet\nlinux /valet/vmlinuz\ninitrd /valet/initrd.img\noptions root=PARTUUID=R \
             rw console=tty0 console=ttyS0,115200n8 panic=-1 systemd.gpt_auto=0\n"
        );
    }

    #[test]
    fn an_image_without_a_kernel_is_told() {
        let whole = tempfile::tempdir().expect("a folder");
        let layer = whole.path().join("layer");
        fs::create_dir_all(layer.join("usr/lib/systemd/boot/efi")).expect("made");
        fs::write(layer.join(LOADER), "").expect("written");
        let failure = Boot::find(&[layer]).err().expect("no kernel");
        assert_eq!(failure.problem, "the image has no boot/vmlinuz-*");
    }

    #[test]
    fn another_architecture_is_refused_with_what_can_be_had_without_a_disk() {
        check_architecture("bake --disk", "amd64").expect("known");
        let failure = check_architecture("bake --disk", "arm64").expect_err("unknown");
        assert_eq!(
            (failure.problem.as_str(), failure.help.as_str()),
            (
                "the fleet's image is for arm64, and only a disk for amd64 can be started here",
                "leave it out: the root file system is made and verified without a disk"
            )
        );
    }
}
