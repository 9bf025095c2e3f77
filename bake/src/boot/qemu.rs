//! The virtual machine: what an instance of a current type looks like from the inside.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::process::Command;
use std::str::FromStr;

use serde::Serialize;

use super::{http_server, metadata};
use crate::prerequisites::{FIRMWARE, FIRMWARE_VARIABLES};
use crate::sandbox;

/// Starts it, from the inside of its network.
const BOOT: &str = include_str!("boot.sh");

/// By its manufacturer, and by an id that begins like this and is its serial number as well,
/// cloud-init and systemd know an instance.
const MANUFACTURER: &str = "Amazon EC2";
const ID: &str = "ec2e1916-9099-7caf-fd21-012345abcdef";

/// What the machine has, in MiB: a small instance that runs a browser.
const MEMORY: u32 = 2048;
const PROCESSORS: u32 = 2;

/// What the machine's processor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Accelerator {
    /// The processor of this machine.
    Kvm,
    /// A program: slower by ten to twenty times.
    Tcg,
}

/// A word that names no accelerator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an accelerator: use kvm or tcg")]
pub struct UnknownAccelerator(String);

impl FromStr for Accelerator {
    type Err = UnknownAccelerator;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "kvm" => Ok(Self::Kvm),
            "tcg" => Ok(Self::Tcg),
            _ => Err(UnknownAccelerator(word.to_owned())),
        }
    }
}

impl Accelerator {
    /// KVM where it can be opened. Whether a machine runs on it is seen only when it does.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let opened = OpenOptions::new().read(true).write(true).open("/dev/kvm");
        if opened.is_ok() { Self::Kvm } else { Self::Tcg }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }
}

/// Whether a line of QEMU's says that KVM does not run a machine here.
#[must_use]
pub fn is_kvm_failure(line: &str) -> bool {
    [
        "KVM internal error",
        "kvm run failed",
        "failed to initialize kvm",
    ]
    .iter()
    .any(|words| line.contains(words))
}

/// The machine with a disk that it may write to, and that stays as it is.
#[must_use]
pub fn command(
    accelerator: Accelerator,
    disk: &Path,
    scratch: &Path,
    timeout_seconds: u32,
) -> Command {
    let mut command = sandbox::isolated_command(false, &["sh", "-c", BOOT, "boot.sh"]);
    command
        .arg(scratch)
        .arg(FIRMWARE_VARIABLES)
        .arg(timeout_seconds.to_string())
        .args([
            valet_imds::ADDRESS,
            http_server::OUTSIDE_ADDRESS,
            "qemu-system-x86_64",
        ])
        .args(["-nodefaults", "-no-user-config", "-no-reboot"])
        .args(["-display", "none", "-monitor", "none", "-sandbox", "on"])
        .args(["-machine", "q35", "-m", &MEMORY.to_string()])
        .args(["-smp", &PROCESSORS.to_string()])
        .args(match accelerator {
            Accelerator::Kvm => ["-accel", "kvm", "-cpu", "host"],
            Accelerator::Tcg => ["-accel", "tcg,thread=multi", "-cpu", "max"],
        })
        .args(["-smbios", &format!("type=0,vendor={MANUFACTURER}")])
        .arg("-smbios")
        .arg(format!(
            "type=1,manufacturer={MANUFACTURER},product=t3.large,uuid={ID},serial={ID}"
        ));
    drive(
        &mut command,
        "if=pflash,format=raw,readonly=on",
        Path::new(FIRMWARE),
    );
    drive(
        &mut command,
        "if=pflash,format=raw",
        &scratch.join("variables"),
    );
    drive(&mut command, "if=none,id=root,format=raw,snapshot=on", disk);
    command
        .args(["-device", "nvme,drive=root,serial=vol0123456789abcdef0"])
        .args(["-netdev", "user,id=net"])
        .arg("-device")
        .arg(format!("virtio-net-pci,netdev=net,mac={}", metadata::MAC))
        .args(["-device", "virtio-rng-pci"])
        .args(["-chardev", "stdio,id=console,signal=off"])
        .args(["-serial", "chardev:console"]);
    command
}

/// A comma divides options, and two of them are one in a path.
fn drive(command: &mut Command, options: &str, path: &Path) {
    let mut text = format!("{options},file=").into_bytes();
    for byte in path.as_os_str().as_bytes() {
        text.push(*byte);
        if *byte == b',' {
            text.push(*byte);
        }
    }
    command.arg("-drive").arg(OsString::from_vec(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(disk: &str) -> Vec<String> {
        let command = command(Accelerator::Tcg, Path::new(disk), Path::new("/s"), 60);
        let all = command.get_args();
        all.map(|argument| argument.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn the_disk_stays_as_it_is_whatever_it_is_called() {
        let arguments = arguments("/a,b/$(id) disk.raw");
        let disk = "if=none,id=root,format=raw,snapshot=on,file=/a,,b/$(id) disk.raw";
        assert!(arguments.contains(&disk.to_owned()), "{arguments:?}");
    }

    #[test]
    fn the_machine_has_no_network_but_its_own() {
        assert!(arguments("/d").contains(&"--net".to_owned()));
    }

    #[test]
    fn kvm_that_does_not_run_is_seen() {
        assert!(is_kvm_failure("KVM internal error. Suberror: 1"));
        assert!(is_kvm_failure(
            "error: kvm run failed Function not implemented"
        ));
        assert!(!is_kvm_failure("[    0.000000] Hypervisor detected: KVM"));
    }
}
