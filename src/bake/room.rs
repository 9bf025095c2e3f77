//! A root file system in namespaces of its own. What is mounted in it, what runs in it and what it
//! changes of the machine's settings ends with it, also when this process is killed.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Puts the root file system together, from the inside.
const ROOM: &str = include_str!("room.sh");

/// Where everything is found in the root file system and on the machine.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where the image's folder is seen.
pub const IMAGE: &str = "/run/valet-gen/image";

/// Where the folder that may be written to is seen.
pub const OUT: &str = "/run/valet-gen/out";

/// What nothing inside may do: these reach the machine itself.
const NEVER: &[&str] = &[
    "audit_control",
    "mac_admin",
    "mac_override",
    "sys_admin",
    "sys_boot",
    "sys_module",
    "sys_rawio",
    "sys_time",
];

/// Where what changes is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// In memory, and lost at the end.
    Memory,
    /// In the folder, for a layer to be made of.
    Disk,
}

/// A root file system and what is allowed in it.
#[derive(Clone, Debug)]
pub struct Room {
    /// Folders of which it is put together, the topmost first.
    pub layers: Vec<PathBuf>,
    /// An empty folder.
    pub scratch: PathBuf,
    pub store: Store,
    /// Whether it has the machine's network, or none.
    pub has_network: bool,
    /// Seconds until everything in it is ended.
    pub limit_seconds: u32,
    /// The image's folder.
    pub image: Option<PathBuf>,
    /// A folder that what runs inside may write to.
    pub out: Option<PathBuf>,
}

impl Room {
    /// A command inside of it.
    #[must_use]
    pub fn command<A: AsRef<OsStr>>(&self, inside: impl IntoIterator<Item = A>) -> Command {
        let mut command = private(self.has_network, &["sh", "-c", ROOM, "room.sh"]);
        command
            .arg(lower(&self.layers))
            .arg(&self.scratch)
            .arg(match self.store {
                Store::Memory => "memory",
                Store::Disk => "disk",
            })
            .arg(self.limit_seconds.to_string())
            .arg(self.image.as_deref().unwrap_or(Path::new("")))
            .arg(self.out.as_deref().unwrap_or(Path::new("")))
            .arg(self.forbidden())
            .args(inside);
        command
    }

    /// The folder that keeps what was changed.
    #[must_use]
    pub fn changes(&self) -> PathBuf {
        self.scratch.join("upper")
    }

    /// What setpriv takes away. With the machine's network, its firewall is the machine's as well.
    fn forbidden(&self) -> String {
        let network = self.has_network.then_some(&"net_admin");
        let each = NEVER.iter().chain(network);
        each.map(|name| format!("-{name}"))
            .collect::<Vec<_>>()
            .join(",")
    }
}

/// Layers, the topmost first, as overlayfs takes them.
#[must_use]
pub fn lower(layers: &[PathBuf]) -> OsString {
    let layers: Vec<&OsStr> = layers.iter().map(|layer| layer.as_os_str()).collect();
    layers.join(OsStr::new(":"))
}

/// A program in mount and process namespaces of its own, which die with this process.
#[must_use]
pub fn private(has_network: bool, program: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "unshare"])
        .args(["--mount", "--propagation", "private", "--uts", "--ipc"])
        .args(["--pid", "--fork", "--kill-child=KILL", "--mount-proc"]);
    if !has_network {
        command.arg("--net");
    }
    command.arg("--").args(program).env_clear();
    command.envs([
        ("PATH", PATH),
        ("HOME", "/root"),
        ("LANG", "C.UTF-8"),
        ("DEBIAN_FRONTEND", "noninteractive"),
    ]);
    for name in ["http_proxy", "https_proxy", "no_proxy"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Whether overlayfs can take a path: these letters divide its options.
#[must_use]
pub fn is_plain(path: &Path) -> bool {
    !path
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .any(|byte| b":,\\\n".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(command: &Command) -> Vec<String> {
        let all = command.get_args();
        all.map(|argument| argument.to_string_lossy().into_owned())
            .collect()
    }

    fn room() -> Room {
        Room {
            layers: vec!["/b".into(), "/a".into()],
            scratch: "/s".into(),
            store: Store::Disk,
            has_network: true,
            limit_seconds: 60,
            image: Some("/i".into()),
            out: None,
        }
    }

    #[test]
    fn whatever_is_typed_stays_one_argument() {
        let mut room = room();
        room.scratch = "/with space; $(id)".into();
        let command = room.command(["bash", "it's"]);
        let arguments = arguments(&command);
        let own = arguments.iter().position(|word| word == "room.sh");
        let own = &arguments[own.expect("the script's name") + 1..];
        assert_eq!(own[..2], ["/b:/a", "/with space; $(id)"]);
        assert_eq!(own[own.len() - 2..], ["bash", "it's"]);
    }

    #[test]
    fn with_the_machines_network_nobody_touches_its_firewall() {
        let mut room = room();
        assert!(room.forbidden().contains("-net_admin"));
        assert!(!arguments(&room.command(["true"])).contains(&"--net".to_owned()));
        room.has_network = false;
        assert!(!room.forbidden().contains("net_admin"));
        assert!(arguments(&room.command(["true"])).contains(&"--net".to_owned()));
    }

    #[test]
    fn letters_that_divide_options_are_told() {
        assert!(is_plain(Path::new("/a b/ü")));
        for path in ["/a:b", "/a,b", "/a\\b", "/a\nb"] {
            assert!(!is_plain(Path::new(path)), "{path}");
        }
    }
}
