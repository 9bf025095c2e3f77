//! The programs that no package source has: the agent and a runtime as they are, and fakes of the two that cannot be had
//! here, AdsPower and the CloudWatch agent.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use valet_test_kit::node;

use crate::agent::{node_program, ran, worker};
use crate::baked::scratch;

/// The folder that `--payload` takes, made once.
pub fn payload() -> &'static Path {
    static MADE: LazyLock<TempDir> = LazyLock::new(|| payload_with(None));
    MADE.path()
}

/// The same with more packages of npm in the runtime: those of this folder, whose name is `node_modules`.
pub fn payload_with(packages: Option<&Path>) -> TempDir {
    let folder = scratch();
    let own = folder.path();
    // The debug build has hundreds of megabytes of symbols.
    ran(Command::new("strip")
        .arg("--strip-debug")
        .arg("-o")
        .arg(own.join("valet-worker"))
        .arg(worker()));
    let program = node::runtime().expect("the runtime is made");
    let runtime = program.parent().expect("its folder");
    ran(tar("--create", &own.join("runtime.tar"), runtime).args(["--dereference", "."]));
    if let Some(above) = packages.and_then(Path::parent) {
        ran(tar("--append", &own.join("runtime.tar"), above).arg("./node_modules"));
    }
    let parts = scratch();
    let bin = parts.path().join("node/node/bin");
    fs::create_dir_all(&bin).expect("made");
    fs::copy(node_program(), bin.join("node")).expect("copied");
    ran(tar(
        "--create",
        &own.join("node.tar"),
        &parts.path().join("node"),
    )
    .arg("node"));
    package(
        parts.path(),
        &own.join("adspower.deb"),
        "adspower-global",
        "6.0.0",
        "opt/AdsPower Global/adspower_global",
    );
    package(
        parts.path(),
        &own.join("amazon-cloudwatch-agent.deb"),
        "amazon-cloudwatch-agent",
        "1.300070.0b1",
        "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent",
    );
    let sums = ran(Command::new("sha256sum")
        .current_dir(own)
        .args(["valet-worker", "runtime.tar", "node.tar"])
        .args(["adspower.deb", "amazon-cloudwatch-agent.deb"]));
    fs::write(own.join("SHA256SUMS"), sums).expect("written");
    folder
}

/// The digest of one of its files.
pub fn digest(name: &str) -> String {
    let sums = fs::read_to_string(payload().join("SHA256SUMS")).expect("readable");
    let line = sums
        .lines()
        .find(|line| line.ends_with(&format!(" {name}")));
    let digest = line.and_then(|line| line.split(' ').next());
    digest.expect("it has a digest").to_owned()
}

fn tar(what: &str, archive: &Path, folder: &Path) -> Command {
    let mut tar = Command::new("tar");
    tar.arg(what).arg("--file").arg(archive);
    tar.args(["--owner=0", "--group=0", "--directory"])
        .arg(folder);
    tar
}

/// A package with one program that waits, and its unit where it is the CloudWatch agent's.
fn package(scratch: &Path, deb: &Path, name: &str, version: &str, program: &str) {
    let root = scratch.join(name);
    let put = |path: &str, text: &str| {
        let file = root.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, text).expect("written");
    };
    put(
        "DEBIAN/control",
        &format!(
            "Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: Nobody <nobody@valet.example>\n\
             Description: in the place of {name}\n"
        ),
    );
    put(program, "");
    let file = root.join(program);
    fs::copy(PathBuf::from("/bin/sleep"), &file).expect("copied");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("changed");
    if name == "amazon-cloudwatch-agent" {
        put(
            "lib/systemd/system/amazon-cloudwatch-agent.service",
            &format!(
                "[Service]\nUser=cwagent\nExecStart=/{program} infinity\n\n[Install]\nWantedBy=multi-user.target\n"
            ),
        );
        fs::create_dir_all(root.join("opt/aws/amazon-cloudwatch-agent/etc")).expect("made");
    }
    ran(Command::new("dpkg-deb")
        .args(["--root-owner-group", "--build", "-Znone"])
        .arg(&root)
        .arg(deb));
}
