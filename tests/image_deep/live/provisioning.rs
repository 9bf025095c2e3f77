//! Provisioned, verified, powered off, and born again.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;
use valet_bake::sandbox::{IMAGE, Sandbox, Store};

use super::base::{Disk, base};
use super::builders::{self, BUNDLE, build_user, seed, ssm_agent, write_environment};
use super::host::Host;
use super::verify::Verified;
use crate::baked::{can_bake, has, scratch};
use crate::machine::{report, turn};

/// Why controls cannot hold in a container, and which.
const NOT_IN_A_CONTAINER: &[(&str, &[&str])] = &[
    (
        "the kernel has one audit, which is the machine's",
        &[
            "os.auditd",
            "os.audit-identity",
            "os.audit-privileges",
            "os.audit-kernel",
            "os.audit-worker",
            "os.audit-immutable",
        ],
    ),
    (
        "the kernel's settings are the machine's",
        &[
            "os.ptrace-restricted",
            "os.kernel-addresses-hidden",
            "os.bpf-restricted",
            "os.kexec-off",
            "os.perf-restricted",
            "os.sysrq-off",
            "os.line-disciplines-off",
            "os.links-protected",
        ],
    ),
    ("the clock is the machine's", &["os.time-synchronised"]),
    ("AppArmor is the machine's", &["os.apparmor-enforced"]),
    (
        "what the kernel was told is the machine's",
        &["os.hooks-listed"],
    ),
];

/// What the checks of birth look for: nothing of it may be older than the first boot.
const BIRTH: &[&str] = &[
    "image.machine-id-blank",
    "image.no-host-keys",
    "image.no-authorized-keys",
    "image.no-history",
    "image.no-cloud-state",
    "image.logs-empty",
];

#[test]
fn as_packer_does_it() {
    if !is_possible() {
        return;
    }
    let _turn = turn();
    let whole = scratch();
    let (private, public) = builders::key(whole.path());
    let reports = whole.path().join("reports");
    fs::create_dir(&reports).expect("made");
    let made = make(&build_user(&public), |host, environment| {
        builders::packer(host, environment, &private, &reports)
    });
    let Some(made) = made else { return };
    assert!(reports.join("sbom.cdx.json").exists());
    assert!(reports.join("manifest.json").exists());
    let born = made.is_born();
    made.report(
        "50-live-packer.md",
        "Packer, by SSH as a user with sudo",
        &born,
    );
}

#[test]
fn as_image_builder_does_it() {
    let Some(made) = image() else { return };
    let _turn = turn();
    let born = made.is_born();
    made.report(
        "51-live-awstoe.md",
        "the component's steps as root, as AWSTOE runs them",
        &born,
    );
}

fn is_possible() -> bool {
    can_bake()
        && has(&[
            "systemd-nspawn",
            "nsenter",
            "ssh-keygen",
            "strip",
            "dpkg-deb",
        ])
}

/// An image that Image Builder's component made, which the tests of its hosts share.
pub fn image() -> Option<&'static Made> {
    static MADE: OnceLock<Made> = OnceLock::new();
    if !is_possible() {
        return None;
    }
    Some(MADE.get_or_init(|| {
        let _turn = turn();
        let bucket = scratch();
        let made = make("#cloud-config\n", |host, environment| {
            Some(builders::awstoe(host, environment, bucket.path()))
        });
        assert!(bucket.path().join("reports/sbom.cdx.json").exists());
        made.expect("nothing is missing")
    }))
}

/// An image that was made, with what was found on the way.
#[derive(Debug)]
pub struct Made {
    /// What was rendered, and the payload.
    environment: TempDir,
    disk: Disk,
    provisioned: Verified,
    powered_off: Verified,
}

/// Makes an image with this builder, and looks at it before and after the power-off.
fn make(user_data: &str, build: impl FnOnce(&Host, &Path) -> Option<Verified>) -> Option<Made> {
    let environment = scratch();
    write_environment(environment.path());
    let disk = Disk::new(&[base().to_owned()]);
    seed(&disk, "i-builder", user_data);
    ssm_agent(&disk);
    let host = Host::start(&disk, &[]);
    host.is_up();
    let provisioned = build(&host, environment.path())?;
    assert_eq!(
        provisioned.with("failed"),
        [],
        "image phase, as it is built"
    );
    for control in BIRTH {
        // What cannot be known before the power-off is not claimed.
        let check = provisioned.check(control);
        assert_eq!(check["proof"], "configuration", "{control}");
    }
    assert!(!host.path("opt/valet-bundle").exists());
    // Whoever makes the image may have to log in again, and is logged: nothing of that may stay.
    let again = host.bash(
        "logger somebody logs in again; sudo -u nobody true; ls /etc/ssh/ssh_host_ed25519_key",
    );
    assert_eq!(again.code, Some(0), "{again:#?}");
    host.power_off();
    disk.unmount();
    let powered_off = verify_disk(&disk, &environment.path().join("image"));
    assert_eq!(
        powered_off.with("failed"),
        [],
        "image phase, of what is imaged"
    );
    for control in BIRTH {
        assert_eq!(powered_off.check(control)["proof"], "effect", "{control}");
    }
    assert_eq!(filled_logs(&disk), "");
    assert!(!disk.written().join("run/valet-seal").exists());
    Some(Made {
        environment,
        disk,
        provisioned,
        powered_off,
    })
}

/// Files with content that the image would bring along as logs.
fn filled_logs(disk: &Disk) -> String {
    let mut find = Command::new("find");
    find.arg(disk.written().join("var/log"));
    let output = find.args(["-type", "f", "-size", "+0"]).output();
    String::from_utf8_lossy(&output.expect("find runs").stdout).into_owned()
}

/// What holds on a disk that nothing runs from.
fn verify_disk(disk: &Disk, image: &Path) -> Verified {
    let work = scratch();
    let sandbox = Sandbox {
        layers: vec![disk.written(), base().to_owned()],
        scratch: work.path().to_owned(),
        store: Store::Memory,
        has_network: false,
        timeout_seconds: 900,
        image: Some(image.to_owned()),
        out: None,
    };
    let script = format!("{IMAGE}/verify.sh");
    let run = sandbox
        .command(["bash", &script, "--format", "json"])
        .output();
    let run = run.expect("it runs");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(
        matches!(run.status.code(), Some(0 | 1)),
        "{text}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    Verified::read(&text)
}

impl Made {
    /// A disk of a new instance of this image.
    pub fn instance(&self) -> Disk {
        Disk::new(&[self.disk.written(), base().to_owned()])
    }

    /// What was rendered for the environment.
    pub fn environment(&self) -> &Path {
        self.environment.path()
    }

    /// Starts an instance, with the bundle where Image Builder's test phase has it.
    pub fn start(&self, instance: &Disk) -> Host {
        let image: PathBuf = self.environment().join("image");
        Host::start(instance, &[(&image, &format!("{BUNDLE}/image"))])
    }

    /// The criterion of birth: on the first boot nothing is older than it.
    fn is_born(&self) -> Verified {
        let instance = self.instance();
        seed(&instance, "i-first", "#cloud-config\n");
        let host = self.start(&instance);
        let state = host.is_up();
        assert!(matches!(state.as_str(), "running" | "degraded"), "{state}");
        let script = format!("{BUNDLE}/image/verify.sh");
        let born = Verified::on(&host, &script, &["--phase", "first-boot"]);
        let container: Vec<&str> = NOT_IN_A_CONTAINER
            .iter()
            .flat_map(|(_, controls)| *controls)
            .copied()
            .collect();
        // What the kernel of this machine happens to have set holds.
        let mut failed = born.with("failed");
        failed.retain(|(control, _)| !container.contains(control));
        assert_eq!(failed, []);
        for control in BIRTH {
            assert_eq!(born.check(control)["result"], "passed", "{control}");
        }
        let second = Verified::on(&host, &script, &["--phase", "image", "--only", BIRTH[0]]);
        assert_eq!(
            second.failed(),
            [BIRTH[0]],
            "no image is made of what has been started"
        );
        host.power_off();
        born
    }

    fn report(&self, name: &str, how: &str, born: &Verified) {
        let mut text = format!(
            "\n## Provisioned live: {how}\n\n\
             A booted container of {} with rsyslog, journald, sudo, sshd, cloud-init and a log that is written to until \
             the end.\n\n\
             | when | by effect | by configuration | failed | not here |\n|---|---|---|---|---|\n",
            crate::baked::suite()
        );
        for (when, verified) in [
            ("image phase, on the running host", &self.provisioned),
            (
                "image phase, on its disk after the power-off",
                &self.powered_off,
            ),
            ("first boot of that disk, as a new instance", born),
        ] {
            let _ = writeln!(
                text,
                "| {when} | {} | {} | {} | {} |",
                verified.count("by_effect"),
                verified.count("by_configuration"),
                verified.count("failed"),
                verified.count("skipped")
            );
        }
        let _ = writeln!(
            text,
            "\nWhat fails on the first boot cannot be in a container:\n"
        );
        let failed = born.failed();
        for (why, controls) in NOT_IN_A_CONTAINER {
            let of_these = controls.iter().filter(|it| failed.contains(it));
            let of_these: Vec<String> = of_these.map(|it| format!("`{it}`")).collect();
            let _ = writeln!(text, "- {why}: {}", of_these.join(", "));
        }
        report(name, &text);
    }
}
