//! A root file system in namespaces of its own. What is mounted in it, what runs in it and what it
//! changes of the machine's settings ends with it, also when this process is killed.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{BakeError, ErrorKind};

/// Puts the root file system together, from the inside.
const SANDBOX: &str = include_str!("sandbox.sh");

/// Where everything is found in the root file system and on the machine.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where the image's folder is seen.
pub const IMAGE: &str = "/run/valet-gen/image";

/// Where the folder that may be written to is seen.
pub const OUT: &str = "/run/valet-gen/out";

/// What nothing inside may do: these reach the machine itself.
const DENIED_CAPABILITIES: &[&str] = &[
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
pub struct Sandbox {
    /// Folders of which it is put together, the topmost first.
    pub layers: Vec<PathBuf>,
    /// An empty folder.
    pub scratch: PathBuf,
    pub store: Store,
    /// Whether it has the machine's network, or none.
    pub has_network: bool,
    /// Seconds until everything in it is ended.
    pub timeout_seconds: u32,
    /// The image's folder.
    pub image: Option<PathBuf>,
    /// A folder that what runs inside may write to.
    pub out: Option<PathBuf>,
}

impl Sandbox {
    /// A command inside of it.
    #[must_use]
    pub fn command<A: AsRef<OsStr>>(&self, inside: impl IntoIterator<Item = A>) -> Command {
        let mut command = isolated_command(self.has_network, &["sh", "-c", SANDBOX, "sandbox.sh"]);
        command
            .arg(lowerdir(&self.layers))
            .arg(&self.scratch)
            .arg(match self.store {
                Store::Memory => "memory",
                Store::Disk => "disk",
            })
            .arg(self.timeout_seconds.to_string())
            .arg(self.image.as_deref().unwrap_or(Path::new("")))
            .arg(self.out.as_deref().unwrap_or(Path::new("")))
            .arg(self.denied_capabilities())
            .args(inside);
        command
    }

    /// The folder that keeps what was changed.
    #[must_use]
    pub fn changes(&self) -> PathBuf {
        self.scratch.join("upper")
    }

    /// What setpriv takes away. With the machine's network, its firewall is the machine's as well.
    fn denied_capabilities(&self) -> String {
        let network = self.has_network.then_some(&"net_admin");
        // verify.sh makes a mount namespace of its own, so that it changes nothing.
        let may_mount = !self.has_network && self.store == Store::Memory;
        let each = DENIED_CAPABILITIES
            .iter()
            .filter(|name| !(may_mount && **name == "sys_admin"))
            .chain(network);
        each.map(|name| format!("-{name}"))
            .collect::<Vec<_>>()
            .join(",")
    }
}

/// Layers, the topmost first, as overlayfs takes them.
#[must_use]
pub fn lowerdir(layers: &[PathBuf]) -> OsString {
    let layers: Vec<&OsStr> = layers.iter().map(|layer| layer.as_os_str()).collect();
    layers.join(OsStr::new(":"))
}

/// A program in mount and process namespaces of its own, which die with this process.
#[must_use]
pub fn isolated_command(has_network: bool, program: &[&str]) -> Command {
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
pub fn is_overlay_path(path: &Path) -> bool {
    !path
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .any(|byte| b":,\\\n".contains(byte))
}

/// Refuses folders that overlayfs cannot take.
///
/// # Errors
/// When a path has a letter that divides the options of a mount.
pub fn check_overlay_paths(paths: &[&Path]) -> Result<(), BakeError> {
    match paths.iter().find(|path| !is_overlay_path(path)) {
        None => Ok(()),
        Some(path) => Err(BakeError::new(
            ErrorKind::Usage,
            path.display(),
            "overlayfs takes no path with a colon, a comma or a backslash",
            "choose a folder whose path has none",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(command: &Command) -> Vec<String> {
        let all = command.get_args();
        all.map(|argument| argument.to_string_lossy().into_owned())
            .collect()
    }

    fn sandbox() -> Sandbox {
        Sandbox {
            layers: vec!["/b".into(), "/a".into()],
            scratch: "/s".into(),
            store: Store::Disk,
            has_network: true,
            timeout_seconds: 60,
            image: Some("/i".into()),
            out: None,
        }
    }

    #[test]
    fn whatever_is_typed_stays_one_argument() {
        let mut sandbox = sandbox();
        sandbox.scratch = "/with space; $(id)".into();
        let command = sandbox.command(["bash", "it's"]);
        let arguments = arguments(&command);
        let own = arguments.iter().position(|word| word == "sandbox.sh");
        let own = &arguments[own.expect("the script's name") + 1..];
        assert_eq!(own[..2], ["/b:/a", "/with space; $(id)"]);
        assert_eq!(own[own.len() - 2..], ["bash", "it's"]);
    }

    #[test]
    fn with_the_machines_network_nobody_touches_its_firewall() {
        let mut sandbox = sandbox();
        assert!(sandbox.denied_capabilities().contains("-net_admin"));
        assert!(!arguments(&sandbox.command(["true"])).contains(&"--net".to_owned()));
        sandbox.has_network = false;
        assert!(!sandbox.denied_capabilities().contains("net_admin"));
        assert!(arguments(&sandbox.command(["true"])).contains(&"--net".to_owned()));
    }

    #[test]
    fn letters_that_divide_options_are_told() {
        assert!(is_overlay_path(Path::new("/a b/ü")));
        for path in ["/a:b", "/a,b", "/a\\b", "/a\nb"] {
            assert!(!is_overlay_path(Path::new(path)), "{path}");
        }
    }
}
