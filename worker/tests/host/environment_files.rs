//! Secrets on their way through systemd: what the agent writes into an environment file, and what a service's process then
//! has in its environment. systemd is the first process of a container, as it is of a host: nothing else goes by its whole way.
//!
//! In every run it is this machine's own systemd. With `VALET_TEST_DEEP=1` others follow, which Debian's archive has: one
//! before the oldest that a fleet's image may have (249), one between, and one after the newest (255).

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use secrecy::SecretString;
use test_support::is_deep;
use valet_test_kit::skip;
use valet_worker::secrets::environment_file;

/// Values in each environment. All together stay far below what the kernel gives a process, 2 MiB.
const VALUES: usize = 400;

/// The longest value, in pieces; the kernel takes 128 KiB.
const MAX_PIECES: usize = 40;

/// What values are made of: whatever a shell, systemd or a line means something by.
const PIECES: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\t",
    " ",
    "\"",
    "'",
    "`",
    "\\",
    "\\n",
    "\\\n",
    "\\\r\n",
    "$",
    "$$",
    "${HOME}",
    "$(id)",
    "#",
    ";",
    "%",
    "%h",
    "%%",
    "=",
    "a",
    "Z9",
    "+/",
    "Grüße",
    "世界",
    "🎉",
    "\u{a0}",
    "\u{feff}",
    "e\u{301}",
    "-----BEGIN PRIVATE KEY-----\r\n",
    "-----END PRIVATE KEY-----\r\n",
];

/// Values that came from somewhere, each by its name.
const KNOWN: &[(&str, &str)] = &[
    ("URL", "postgres://valet:p%40ss$word@db:5432/valet?x=1#y"),
    ("PEM", "-----BEGIN KEY-----\nab/c+=\n-----END KEY-----\n"),
    (
        "WINDOWS_PEM",
        "-----BEGIN KEY-----\r\nMIIB\r\n-----END KEY-----\r\n",
    ),
    ("JSON", "{\"a\": \"b\\\"c\", \"d\": [1, 2]}"),
    ("ENDS_WITH_BACKSLASH", "line\\\nnext\\"),
    ("SPACES", "  \t between \t  "),
    ("COMMENT", "# none; none"),
];

const UNIT: &str = "\
[Unit]
DefaultDependencies=no
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
EnvironmentFile=/proof/secrets.env
ExecStart=/bin/cp /proc/self/environ /proof/environ
ExecStart=/bin/sh -c 'exec systemctl --version >/proof/version'
";

/// What a process of a service was given.
struct Delivered {
    /// systemd's number.
    version: u32,
    environment: BTreeMap<String, String>,
}

/// A root file system with systemd as its first process, whose programs are those of this folder.
fn delivered(programs: &Path, values: &BTreeMap<String, String>) -> Delivered {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    for path in [
        "usr",
        "etc/systemd/system",
        "proc",
        "sys",
        "dev",
        "run",
        "tmp",
        "root",
        "proof",
    ] {
        fs::create_dir_all(root.join(path)).expect("made");
    }
    for path in ["bin", "sbin", "lib", "lib64"] {
        symlink(format!("usr/{path}"), root.join(path)).expect("linked");
    }
    let secrets: Vec<(&str, SecretString)> = values
        .iter()
        .map(|(name, value)| (name.as_str(), SecretString::from(value.clone())))
        .collect();
    let text = environment_file::text(secrets.iter().map(|(name, value)| (*name, value)));
    environment_file::write(&root.join("proof/secrets.env"), &text).expect("written");
    for (path, text) in [
        ("etc/os-release", "ID=proof\n"),
        ("etc/machine-id", ""),
        ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
        ("etc/group", "root:x:0:\n"),
        ("etc/systemd/system/proof.service", UNIT),
    ] {
        fs::write(root.join(path), text).expect("written");
    }
    // Its mounts and processes are gone with it, however it ends.
    let boot = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .args([
            "timeout",
            "--kill-after=5",
            "120",
            "systemd-nspawn",
            "--quiet",
        ])
        .args([
            "--register=no",
            "--keep-unit",
            "--private-network",
            "--console=read-only",
        ])
        .arg(format!("--directory={}", root.display()))
        .arg(format!("--bind-ro={}:/usr", programs.display()))
        .args(["--boot", "systemd.unit=proof.service"])
        .stdin(Stdio::null())
        .output()
        .expect("unshare is of util-linux");
    let said = |name: &str| fs::read(root.join("proof").join(name));
    let environ = said("environ").unwrap_or_else(|_| {
        panic!(
            "the service did not run: {}",
            String::from_utf8_lossy(&boot.stdout)
        )
    });
    let variables = environ.split(|byte| *byte == 0).filter_map(|variable| {
        let (name, value) = std::str::from_utf8(variable).ok()?.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    let version = String::from_utf8(said("version").expect("it says which")).expect("text");
    let version = version
        .split_whitespace()
        .nth(1)
        .and_then(|number| number.parse().ok());
    Delivered {
        version: version.expect("a number"),
        environment: variables.collect(),
    }
}

/// Values of secrets, other ones in every run.
fn values() -> BTreeMap<String, String> {
    let seed = std::env::var("VALET_SECRETS_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    eprintln!("VALET_SECRETS_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut values: BTreeMap<String, String> = KNOWN
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    for number in 0..VALUES {
        let pieces = random.usize(1..=MAX_PIECES);
        let value: String = (0..pieces)
            .map(|_| random.choice(PIECES).copied().unwrap_or_default())
            .collect();
        values.insert(format!("SECRET_{number}"), value);
    }
    values.insert("LONG".to_owned(), "0123\\\"`$\r\n".repeat(12_000));
    values.retain(|_, value| environment_file::unwritable(value).is_none());
    assert!(values.len() > VALUES, "the agent refuses what it need not");
    values
}

/// The names whose values are not what was written.
fn wrong<'v>(values: &'v BTreeMap<String, String>, delivered: &Delivered) -> Vec<&'v str> {
    let values = values.iter();
    values
        .filter(|(name, value)| delivered.environment.get(*name) != Some(value))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn can_boot() -> bool {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let can = rustix::process::geteuid().is_root() && has("systemd-nspawn") && has("unshare");
    if !can {
        skip("root, systemd-nspawn and unshare are needed to start a systemd");
    }
    can
}

#[test]
fn a_service_has_the_very_values_that_the_agent_wrote() {
    if !can_boot() {
        return;
    }
    let values = values();
    let delivered = delivered(Path::new("/usr"), &values);
    eprintln!("systemd {}", delivered.version);
    assert_eq!(wrong(&values, &delivered), Vec::<&str>::new());
}

/// The programs of a release of Debian, kept for the next time.
fn programs(suite: &str, backports: bool) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("systemd-{suite}-{backports}"));
    if root.join("usr/bin/systemctl").exists() {
        return root.join("usr");
    }
    let _ = fs::remove_dir_all(&root);
    // Older releases have programs outside of /usr.
    let hook = r#"--setup-hook=for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d"; ln -s usr/$d "$1/$d"; done"#;
    let archive = "http://deb.debian.org/debian";
    let mut make = Command::new("mmdebstrap");
    make.args([
        "--variant=extract",
        "--mode=root",
        "--include=systemd,coreutils,dash",
    ]);
    make.arg(hook);
    let mut sources = vec![format!("deb {archive} {suite} main")];
    if backports {
        make.arg(format!(
            "--aptopt=APT::Default-Release \"{suite}-backports\""
        ));
        sources.push(format!("deb {archive} {suite}-backports main"));
    }
    make.arg(suite).arg(&root).args(sources);
    let made = make.output().expect("mmdebstrap is installed");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    root.join("usr")
}

/// Debian's releases, with the version of systemd that each has.
const RELEASES: &[(&str, bool, u32)] = &[
    ("bullseye", false, 247),
    ("bookworm", true, 254),
    ("trixie", false, 257),
];

#[test]
fn so_it_has_under_the_systemds_around_those_of_the_images() {
    if !is_deep() || !can_boot() {
        return;
    }
    for (suite, backports, version) in RELEASES {
        let values = values();
        let delivered = delivered(&programs(suite, *backports), &values);
        assert_eq!(delivered.version, *version, "{suite}");
        assert_eq!(
            wrong(&values, &delivered),
            Vec::<&str>::new(),
            "systemd {version}"
        );
        eprintln!("systemd {version}: {} values", values.len());
    }
}
