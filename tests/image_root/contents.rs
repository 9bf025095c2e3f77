//! What fleet.toml puts into the image is in it, in a real root file system: an authority, packages of a source of its own,
//! files and steps. Every control holds after them, and a step that takes one away is found.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use valet_bake::sandbox::{IMAGE, Sandbox, Store};

use crate::baked::{Baked, baked, fleet_text, has, scratch, write_image_folder_of};
use test_support::pipeline::repository;

/// A package source that is served while this lives.
struct Archive {
    folder: TempDir,
    server: Child,
    port: u16,
}

impl Drop for Archive {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Archive {
    fn serve() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Command::new("bash")
            .arg(repository().join("tests/image_root/archive.sh"))
            .arg(folder.path())
            .output()
            .expect("bash runs");
        assert_success(&made);
        let mut server = Command::new("python3")
            .arg(repository().join("tests/image_root/serve.py"))
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        let mut port = String::new();
        let printed = server.stdout.take().expect("a pipe");
        let mut printed = BufReader::new(printed);
        printed.read_line(&mut port).expect("it prints its port");
        let port = port.trim().parse().expect("a port");
        Self {
            folder,
            server,
            port,
        }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).expect("readable")
    }

    /// This repository's fleet, with an authority, this source signed by a key, a file and a step.
    fn fleet(&self, authority: &str, key: &str, step: &str) -> String {
        let (authority, key, port) = (self.text(authority), self.text(key), self.port);
        fleet_text()
            + &format!(
                "\n[[image.ca_certificates]]\nname = \"orchard\"\ncertificate = '''\n{authority}'''\n\
                 [[image.apt_sources]]\nname = \"orchard\"\nuri = \"https://localhost:{port}/\"\nsuites = [\"noble\"]\n\
                 components = [\"main\"]\npackages = [\"orchard-inspector\"]\nkey = '''\n{key}'''\n\
                 [[image.files]]\npath = \"/etc/orchard/inspector.conf\"\ngroup = \"valet\"\nmode = \"0640\"\n\
                 content = '''\nlisten = \"127.0.0.1:7070\" # '$x' \\\n'''\n\
                 [[image.steps]]\nname = \"inspect\"\nscript = '''\n{step}\n'''\n"
            )
    }
}

/// What a step writes down of how it was run.
const INSPECT: &str = r#"
cat /usr/share/orchard-inspector/version >/etc/orchard/version
pwd >/etc/orchard/folder
apt-cache policy hostname | sed -n 's/^  Candidate: //p' >/etc/orchard/candidate
. "$VALET_IMAGE/apt.sh"
apt install hostname >/dev/null
"#;

fn assert_success(run: &Output) {
    assert!(run.status.success(), "{}", said(run));
}

fn said(run: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&run.stdout) + &text(&run.stderr)
}

/// A root file system that is provisioned by a fleet, and what that said.
struct Provisioned {
    whole: TempDir,
    layers: Vec<PathBuf>,
    run: Output,
}

/// Provisions what the packages of the image made of its base, or only runs one of the steps.
fn provision(baked: &Baked, fleet: &str, script: &str) -> Provisioned {
    let whole = scratch();
    let (image, work) = (whole.path().join("image"), whole.path().join("work"));
    fs::create_dir(&work).expect("made");
    write_image_folder_of(fleet, &image);
    let sandbox = Sandbox {
        layers: baked.layers[1..].to_vec(),
        scratch: work,
        store: Store::Disk,
        has_network: true,
        timeout_seconds: 900,
        image: Some(image),
        out: None,
    };
    let script = format!("{IMAGE}/{script}");
    let variables = [
        format!("VALET_IMAGE={IMAGE}"),
        "VALET_IMAGE_WITHOUT_PAYLOAD=1".to_owned(),
    ];
    let command = variables.iter().map(String::as_str);
    let command = ["env"].into_iter().chain(command).chain(["bash", &script]);
    let run = sandbox.command(command).output().expect("it runs");
    let mut layers = vec![sandbox.changes()];
    layers.extend_from_slice(&baked.layers[1..]);
    Provisioned { whole, layers, run }
}

impl Provisioned {
    fn find(&self, path: &str) -> PathBuf {
        self.layers[0].join(path)
    }

    fn text(&self, path: &str) -> String {
        let path = self.find(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The controls that do not hold in it.
    fn failed(&self) -> Vec<String> {
        let work = self.whole.path().join("verify");
        fs::create_dir(&work).expect("made");
        let sandbox = Sandbox {
            layers: self.layers.clone(),
            scratch: work,
            store: Store::Memory,
            has_network: false,
            timeout_seconds: 900,
            image: Some(self.whole.path().join("image")),
            out: None,
        };
        let script = format!("{IMAGE}/verify.sh");
        let run = sandbox
            .command(["bash", &script, "--format", "json"])
            .output();
        let run = run.expect("it runs");
        let document: Value =
            serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{}", said(&run)));
        let checks = document["checks"].as_array().expect("a list");
        let failed = checks.iter().filter(|check| check["result"] == "failed");
        failed
            .map(|check| {
                format!(
                    "{}: {}",
                    check["control"].as_str().expect("text"),
                    check["output"]
                )
            })
            .collect()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o7777
}

fn can_serve() -> bool {
    has(&[
        "openssl",
        "gpg",
        "dpkg-deb",
        "dpkg-scanpackages",
        "python3",
        "bash",
    ])
}

#[test]
fn what_fleet_toml_adds_is_in_the_image_and_every_control_holds() {
    let Some(baked) = baked() else { return };
    if !can_serve() {
        return;
    }
    let archive = Archive::serve();
    let made = provision(
        baked,
        &archive.fleet("ca.pem", "key.asc", INSPECT),
        "provision.sh",
    );
    assert_success(&made.run);
    assert_eq!(
        made.text("etc/orchard/inspector.conf"),
        "listen = \"127.0.0.1:7070\" # '$x' \\\n"
    );
    assert_eq!(mode(&made.find("etc/orchard/inspector.conf")), 0o640);
    // Its package came by https, by an authority that only fleet.toml names.
    assert_eq!(made.text("etc/orchard/version"), "1.2.3\n");
    assert_eq!(made.text("etc/orchard/folder"), "/\n");
    let authorities = made.text("etc/ssl/certs/ca-certificates.crt");
    assert!(authorities.contains(archive.text("ca.pem").trim()));
    // What the distribution has, no other source replaces.
    assert_ne!(made.text("etc/orchard/candidate"), "999\n");
    assert!(!made.find("usr/share/hostname/version").exists());
    assert_eq!(made.failed(), Vec::<String>::new());
}

#[test]
fn a_step_that_takes_a_control_away_is_found() {
    let Some(baked) = baked() else { return };
    let step = "[[image.steps]]\nname = \"loosen\"\nscript = \"echo 'kernel.kptr_restrict = 0' >/usr/lib/sysctl.d/zzz.conf\"\n\
                [[image.files]]\npath = \"/etc/sudoers.d/zzz\"\nmode = \"0440\"\ncontent = \"valet ALL=(ALL) NOPASSWD: ALL\\n\"\n";
    let made = provision(baked, &format!("{}\n{step}", fleet_text()), "provision.sh");
    assert_success(&made.run);
    let failed = made.failed();
    let controls: Vec<&str> = failed
        .iter()
        .filter_map(|it| it.split(": ").next())
        .collect();
    assert_eq!(
        controls,
        ["os.sudo-not-for-workers", "os.kernel-addresses-hidden"],
        "{failed:#?}"
    );
}

#[test]
fn what_nobody_vouches_for_makes_no_image() {
    let Some(baked) = baked() else { return };
    if !can_serve() {
        return;
    }
    let archive = Archive::serve();
    let step = "provision/05-fleet-sources.sh";
    for (authority, key, problem) in [
        ("ca.pem", "other.asc", "NO_PUBKEY"),
        (
            "expired.pem",
            "key.asc",
            "05-fleet-sources.sh: image.ca_certificates: orchard has expired",
        ),
        (
            "leaf.pem",
            "key.asc",
            "05-fleet-sources.sh: image.ca_certificates: orchard is not the certificate of an authority",
        ),
    ] {
        let refused = provision(baked, &archive.fleet(authority, key, INSPECT), step);
        assert!(!refused.run.status.success(), "{authority}, {key}");
        assert!(
            said(&refused.run).contains(problem),
            "{}",
            said(&refused.run)
        );
    }
}

#[test]
fn a_step_that_fails_is_named() {
    let Some(baked) = baked() else { return };
    let step = "[[image.steps]]\nname = \"broken\"\nscript = \"false | true\\necho on\"\n";
    let made = provision(
        baked,
        &format!("{}\n{step}", fleet_text()),
        "provision/62-fleet-steps.sh",
    );
    assert_eq!(made.run.status.code(), Some(1));
    assert_eq!(
        said(&made.run),
        "== 001-broken of fleet.toml\n62-fleet-steps.sh: the step broken of fleet.toml ended with exit status 1\n"
    );
}
