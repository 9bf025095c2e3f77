//! A host: a disk that systemd is started from, in a network of its own that reaches nothing but package archives.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use test_support::cli::Run;
use test_support::pipeline::repository;
use test_support::processes::until;
use valet_bake::sandbox::isolated_command;
use wait_timeout::ChildExt as _;

use super::base::{Disk, archive_hosts};
use crate::agent::ControlGroups;

/// How long a start or a power-off may take where several things go on.
const PATIENCE: Duration = Duration::from_secs(180);

/// A host that runs.
#[derive(Debug)]
pub struct Host {
    leader: u32,
    nspawn: Child,
    groups: Option<ControlGroups>,
}

impl Host {
    /// Starts a disk. Folders of the test are seen read-only at the paths beside them.
    pub fn start(disk: &Disk, binds: &[(&Path, &str)]) -> Self {
        let hosts = archive_hosts();
        let mut names = "127.0.0.1 localhost\n".to_owned();
        for (number, host) in hosts.iter().enumerate() {
            names.push_str(&format!("{} {host}\n", address(number)));
        }
        let names_file = disk.beside("names").join("hosts");
        fs::write(&names_file, names).expect("written");
        let groups = ControlGroups::new();
        let console = fs::File::create(disk.console()).expect("made");
        let mut nspawn = isolated_command(true, &["sh"]);
        nspawn
            .arg(repository().join("tests/image_deep/agent/enter.sh"))
            .args(groups.folders())
            .args(["--", "systemd-nspawn", "--quiet", "--boot", "--register=no"])
            .args(["--keep-unit", "--private-network", "--resolv-conf=off"])
            .args(["--console=read-only", "-D"])
            .arg(disk.root())
            .arg(format!("--bind-ro={}:/etc/hosts", names_file.display()));
        for (from, to) in binds {
            nspawn.arg(format!("--bind-ro={}:{to}", from.display()));
        }
        nspawn
            .stdin(Stdio::null())
            .stderr(console.try_clone().expect("once more"))
            .stdout(console);
        let nspawn = nspawn.spawn().expect("systemd-nspawn starts");
        let number = nspawn.id();
        until("the container has a first process", PATIENCE, || {
            first_process(number).is_some()
        });
        let host = Self {
            leader: first_process(number).expect("it was found"),
            nspawn,
            groups: Some(groups),
        };
        host.run(&["ip", "link", "set", "lo", "up"]);
        host.relay(&hosts);
        until("the container has a D-Bus", PATIENCE, || {
            host.path("run/dbus/system_bus_socket").exists()
        });
        host
    }

    /// Waits until every job of the start is done, and returns what systemd says of it.
    pub fn is_up(&self) -> String {
        let run = self.run(&["timeout", "180", "systemctl", "is-system-running", "--wait"]);
        run.stdout.trim().to_owned()
    }

    /// Where a path of the host is seen from outside while it runs.
    pub fn path(&self, path: &str) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.leader)).join(path)
    }

    /// Runs a program as root.
    pub fn run(&self, command: &[&str]) -> Run {
        let output = self.command(command).output().expect("nsenter runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Run {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Runs lines of bash as root.
    pub fn bash(&self, script: &str) -> Run {
        self.run(&["bash", "-c", script])
    }

    fn command(&self, command: &[&str]) -> Command {
        let mut enter = Command::new("nsenter");
        enter
            .args(["--target", &self.leader.to_string()])
            .args(["--mount", "--pid", "--uts", "--ipc", "--net", "--"])
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

    /// A program of this machine in the host's network.
    pub fn neighbour(&self, program: &Path) -> Command {
        let mut enter = Command::new("nsenter");
        enter
            .args(["--target", &self.leader.to_string(), "--net", "--"])
            .arg(program);
        enter
    }

    /// Powers it off as EC2 does when an instance is stopped, and waits until it is.
    pub fn power_off(mut self) {
        self.run(&["systemctl", "poweroff", "--no-block"]);
        let ended = self.nspawn.wait_timeout(PATIENCE).expect("it is ours");
        assert!(ended.is_some(), "the host is not off");
    }

    /// Connections to the archives' names leave by this process, which has a network.
    fn relay(&self, hosts: &[String]) {
        for (number, host) in hosts.iter().enumerate() {
            let namespace = fs::File::open(format!("/proc/{}/ns/net", self.leader));
            let namespace = namespace.expect("it runs");
            let address = address(number);
            // Only this thread changes its network, and only until the socket is there.
            let listener = thread::spawn(move || {
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
                TcpListener::bind((address.as_str(), 80))
            });
            let listener = listener.join().expect("no panic").expect("it listens");
            let host = host.clone();
            thread::spawn(move || {
                for client in listener.incoming().flatten() {
                    if let Ok(server) = TcpStream::connect((host.as_str(), 80)) {
                        join(client, server);
                    }
                }
            });
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.nspawn.kill();
        let _ = self.nspawn.wait();
        if let Some(groups) = self.groups.take() {
            groups.remove();
        }
    }
}

/// The loopback address of an archive.
fn address(number: usize) -> String {
    format!("127.0.1.{}", number + 1)
}

fn join(client: TcpStream, server: TcpStream) {
    let copy = |mut from: TcpStream, mut to: TcpStream| {
        thread::spawn(move || -> io::Result<()> {
            let mut buffer = vec![0; 1 << 16];
            loop {
                match from.read(&mut buffer)? {
                    0 => return to.shutdown(Shutdown::Write),
                    length => to.write_all(&buffer[..length])?,
                }
            }
        });
    };
    let (Ok(client_2), Ok(server_2)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    copy(client, server_2);
    copy(server, client_2);
}

/// The first process of the container that was started below this process.
fn first_process(ancestor: u32) -> Option<u32> {
    let processes = fs::read_dir("/proc").expect("a folder").flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut first = numbers.filter(|number| {
        let inside = field(*number, "NSpid:").unwrap_or_default();
        // Ours, that of isolated_command, and the container's own.
        inside.split_whitespace().count() >= 3
            && inside.ends_with("\t1")
            && is_below(*number, ancestor)
    });
    first.next()
}

fn is_below(number: u32, ancestor: u32) -> bool {
    let mut at = number;
    while at > 1 {
        if at == ancestor {
            return true;
        }
        at = field(at, "PPid:")
            .and_then(|it| it.parse().ok())
            .unwrap_or(0);
    }
    false
}

/// A line of a process's status.
fn field(number: u32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{number}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().to_owned())
}
