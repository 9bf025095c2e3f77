//! What this machine has to have.

use std::process::Command;

use which::which;

/// The oldest Node that Hatchet's SDK runs on.
const OLDEST_NODE: u32 = 20;
/// The oldest Python that the mock of AWS runs on.
const OLDEST_PYTHON: (u32, u32) = (3, 11);

/// Why no fleet is played.
#[derive(Debug, thiserror::Error)]
pub enum DevFleetError {
    #[error(
        "error[dev-fleet.missing]: `dev --hosts` plays hosts with their real agents, and this machine lacks what they need{}\n  = help: {}",
        .0.iter().map(|need| format!("\n  - {}", need.what)).collect::<String>(),
        help(.0)
    )]
    Missing(Vec<Need>),
    #[error(
        "error[dev-fleet.failed]: {what}: {detail}\n  = help: start it again; what programs printed is below target/test-logs"
    )]
    Failed { what: &'static str, detail: String },
}

impl DevFleetError {
    pub(super) fn failed(what: &'static str) -> impl FnOnce(String) -> Self {
        move |detail| Self::Failed { what, detail }
    }
}

/// Something that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What it is, and what it is for.
    what: String,
    /// Debian's packages that have it.
    packages: &'static [&'static str],
    /// What else helps, where the packages are not enough.
    otherwise: Option<&'static str>,
}

fn help(needs: &[Need]) -> String {
    let mut packages: Vec<&str> = needs
        .iter()
        .flat_map(|need| need.packages)
        .copied()
        .collect();
    packages.sort_unstable();
    packages.dedup();
    let mut help = format!("apt-get install {}", packages.join(" "));
    for otherwise in needs.iter().filter_map(|need| need.otherwise) {
        help += "; ";
        help += otherwise;
    }
    help
}

/// Looks for everything before anything is started.
///
/// # Errors
///
/// When something is missing; all of it is named at once.
pub fn check() -> Result<(), DevFleetError> {
    let needs: Vec<Need> = [
        node(),
        python(),
        program(
            "dbus-daemon",
            &["dbus"],
            "the bus between agent and systemd",
        ),
        program(
            "openssl",
            &["openssl"],
            "it signs identity documents as AWS does",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    if needs.is_empty() {
        Ok(())
    } else {
        Err(DevFleetError::Missing(needs))
    }
}

fn program(name: &'static str, packages: &'static [&'static str], purpose: &str) -> Option<Need> {
    which(name).is_err().then(|| Need {
        what: format!("{name}: {purpose}"),
        packages,
        otherwise: None,
    })
}

fn node() -> Option<Need> {
    let printed = printed("node", &["--version"]);
    let version = printed.as_deref().and_then(major);
    let found = match (version, which("npm")) {
        (Some(version), Ok(_)) if version >= OLDEST_NODE => return None,
        (Some(version), Ok(_)) => format!(", and {version} is installed"),
        (Some(_), Err(_)) => ", and npm is not installed".to_owned(),
        (None, _) => String::new(),
    };
    Some(Need {
        what: format!(
            "Node {OLDEST_NODE} or newer with npm{found}: the runtime with Hatchet's SDK"
        ),
        packages: &["nodejs", "npm"],
        otherwise: Some(
            "where the distribution's Node is older, https://nodejs.org has a newer one",
        ),
    })
}

fn python() -> Option<Need> {
    let (major, minor) = OLDEST_PYTHON;
    let question =
        format!("import sys, venv, ensurepip; sys.exit(sys.version_info < ({major}, {minor}))");
    let names = [
        "python3",
        "python3.14",
        "python3.13",
        "python3.12",
        "python3.11",
    ];
    let works = |name: &str| {
        let ran = Command::new(name).args(["-c", &question]).output();
        ran.is_ok_and(|output| output.status.success())
    };
    (!names.into_iter().any(works)).then(|| Need {
        what: format!("Python {major}.{minor} or newer with venv: the mock of AWS"),
        packages: &["python3", "python3-venv"],
        otherwise: None,
    })
}

fn printed(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first number of `v20.11.1`.
fn major(version: &str) -> Option<u32> {
    version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_named_at_once_with_one_command() {
        let need = |what: &str, packages, otherwise| Need {
            what: what.to_owned(),
            packages,
            otherwise,
        };
        let error = DevFleetError::Missing(vec![
            need(
                "Node: the runtime",
                &["nodejs", "npm"],
                Some("or nodejs.org"),
            ),
            need("dbus-daemon: the bus", &["dbus"], None),
        ]);
        assert_eq!(
            error.to_string(),
            "error[dev-fleet.missing]: `dev --hosts` plays hosts with their real agents, and this machine lacks what they need\
             \n  - Node: the runtime\n  - dbus-daemon: the bus\n  = help: apt-get install dbus nodejs npm; or nodejs.org"
        );
        assert_eq!(major("v20.11.1\n"), Some(20));
        assert_eq!(major("unknown"), None);
    }
}
