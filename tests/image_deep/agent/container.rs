//! The image, booted as a container.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use valet_bake::sandbox::lowerdir;
use valet_test_kit::harness::LIMIT;
use valet_test_kit::wait::until;

use super::apart::{Parts, ran};
use test_support::cli::Run;
use test_support::pipeline::repository;

/// Where the packages of the runtime are seen.
const PACKAGES: &str = "/opt/valet/packages";

/// Where the runtime's program is among them.
const RUNTIME: &str = "packages/worker/test-kit/runtime";

/// The first process of the container, and its root file system.
#[derive(Debug)]
pub struct Container {
    root: PathBuf,
    leader: u32,
    /// It ends with the namespace of this process.
    _nspawn: Child,
}

/// A root file system that does not run yet.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    console: PathBuf,
    binds: Vec<String>,
    groups: Vec<PathBuf>,
}

impl Root {
    /// The image with what is put into it on an instance: the agent, AdsPower, the runtime.
    pub fn new(parts: &Parts) -> Self {
        let inside = |name: &str| parts.scratch.join(name);
        for name in ["upper", "work", "root"] {
            fs::create_dir(inside(name)).expect("made");
        }
        let mut options = std::ffi::OsString::from("lowerdir=");
        options.push(lowerdir(&parts.layers));
        for (key, name) in [(",upperdir=", "upper"), (",workdir=", "work")] {
            options.push(key);
            options.push(inside(name));
        }
        let mut mount = Command::new("mount");
        mount.args(["-t", "overlay", "-o"]).arg(options);
        ran(mount.arg("overlay").arg(inside("root")));
        let bind = |from: &Path, to: &str| format!("--bind-ro={}:{to}", from.display());
        let root = Self {
            path: inside("root"),
            console: inside("console.log"),
            groups: parts.groups.clone(),
            binds: vec![
                bind(&parts.worker, "/opt/valet/bin/valet-worker"),
                bind(&parts.runtime, PACKAGES),
                // A runtime that needs a newer Node.js than the system's brings it.
                bind(&parts.node, "/usr/local/bin/node"),
            ],
        };
        root.link("/opt/valet/bin/valet-worker", "usr/local/bin/valet-worker");
        root.link(RUNTIME, "opt/valet/runtime");
        root.write(
            "opt/adspower/adspower_global",
            0o755,
            include_str!("adspower_global"),
        );
        // Nobody in a container with a network of others sets a firewall.
        root.link("/dev/null", "etc/systemd/system/nftables.service");
        root.write("usr/sbin/nft", 0o755, "#!/bin/sh\nexit 0\n");
        root
    }

    /// Writes a file.
    pub fn write(&self, path: &str, mode: u32, text: &str) {
        let file = self.path.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(&file, text).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("changed");
    }

    /// Gives a file another name.
    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path.join(from), self.path.join(to)).expect("it was there");
    }

    /// Takes a file away.
    pub fn remove(&self, path: &str) {
        fs::remove_file(self.path.join(path)).expect("it was there");
    }

    fn link(&self, target: &str, path: &str) {
        let place = self.path.join(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        symlink(target, place).expect("linked");
    }

    /// Starts systemd in it. It ends with this process, whose namespaces are its own.
    pub async fn boot(self) -> Container {
        let console = fs::File::create(&self.console).expect("made");
        let mut nspawn = Command::new("sh");
        nspawn
            .arg(repository().join("tests/image_deep/agent/enter.sh"))
            .args(&self.groups)
            .args(["--", "systemd-nspawn"])
            .args(["--quiet", "--boot", "--register=no", "--keep-unit"])
            .args(["--console=read-only", "-D"])
            .arg(&self.path)
            .args(&self.binds)
            .stdin(Stdio::null())
            .stderr(console.try_clone().expect("once more"))
            .stdout(console);
        let nspawn = nspawn.spawn().expect("systemd-nspawn starts");
        let mut leader = None;
        until(LIMIT, "the container has a first process", || {
            leader = first_process();
            leader.is_some()
        })
        .await;
        let container = Container {
            root: self.path,
            leader: leader.expect("it was found"),
            _nspawn: nspawn,
        };
        let bus = container.path("run/dbus/system_bus_socket");
        until(LIMIT, "the container has a D-Bus", || bus.exists()).await;
        container
    }
}

/// The process that is the first of a namespace below ours.
fn first_process() -> Option<u32> {
    let processes = fs::read_dir("/proc").expect("a folder").flatten();
    let mut first = processes.filter_map(|entry| {
        let status = fs::read_to_string(entry.path().join("status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("NSpid:"))?;
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [ours, "1"] => ours.parse().ok(),
            _ => None,
        }
    });
    first.next()
}

impl Container {
    /// Where a path of the container is seen from outside while it runs, in memory or on disk.
    pub fn path(&self, path: &str) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.leader)).join(path)
    }

    /// Where a path on its disk is seen from outside, also after its end.
    pub fn on_disk(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Whether it still runs.
    pub fn is_up(&self) -> bool {
        Path::new(&format!("/proc/{}/root/run/systemd", self.leader)).exists()
    }

    /// Runs a program inside as root.
    pub fn run(&self, command: &[&str]) -> Run {
        outcome(&mut self.command(command))
    }

    /// Runs a program inside as a user of the image.
    pub fn run_as(&self, user: &str, command: &[&str]) -> Run {
        let (_, group) = self.ids(user);
        self.run_with_group(user, &group.to_string(), command)
    }

    /// The same with another group of its own.
    pub fn run_with_group(&self, user: &str, group: &str, command: &[&str]) -> Run {
        let [user, group] = [format!("--reuid={user}"), format!("--regid={group}")];
        let as_user = ["setpriv", &user, &group, "--init-groups", "--"];
        self.run(&[&as_user, command].concat())
    }

    /// What a program printed that has to succeed.
    pub fn ran(&self, command: &[&str]) -> String {
        self.run(command).success()
    }

    /// The numbers of a user and of its group.
    pub fn ids(&self, user: &str) -> (u32, u32) {
        let users = fs::read_to_string(self.root.join("etc/passwd")).expect("readable");
        let line = users.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            (fields[0] == user).then(|| Some((fields[2].parse().ok()?, fields[3].parse().ok()?)))
        });
        line.flatten()
            .unwrap_or_else(|| panic!("the image has no user {user}"))
    }

    /// A property of a unit.
    pub fn property(&self, unit: &str, name: &str) -> String {
        let property = ["systemctl", "show", "--value", "--property", name, unit];
        self.ran(&property).trim().to_owned()
    }

    /// The lines of a unit in the journal.
    pub fn journal(&self, unit: &str) -> String {
        self.ran(&["journalctl", "--no-pager", "--output=cat", "--unit", unit])
    }

    fn command(&self, command: &[&str]) -> Command {
        let mut enter = Command::new("nsenter");
        enter
            .args(["--target", &self.leader.to_string()])
            .args(["--mount", "--pid", "--uts", "--ipc", "--"])
            .args(command)
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null());
        enter
    }
}

/// What is no UTF-8, as fields of the journal may be, is no reason to stop.
fn outcome(command: &mut Command) -> Run {
    let output = command.output().expect("nsenter runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}
