//! Which suite of which distribution an image is made of here, and where its packages come from.

use crate::error::{BakeError, ErrorKind};

/// Whose packages a suite has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    Debian,
    Ubuntu,
}

impl Distribution {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Debian => "Debian",
            Self::Ubuntu => "Ubuntu",
        }
    }

    /// The keys that its archive is signed with, as its own package of keys installs them.
    #[must_use]
    pub fn keyring(self) -> &'static str {
        match self {
            Self::Debian => "/usr/share/keyrings/debian-archive-keyring.gpg",
            Self::Ubuntu => "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
        }
    }

    fn components(self) -> &'static str {
        match self {
            Self::Debian => "main",
            Self::Ubuntu => "main universe",
        }
    }
}

/// A release of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    pub name: &'static str,
    pub distribution: Distribution,
}

/// The suites that the image's steps are written for.
pub const SUITES: &[Suite] = &[
    suite("noble", Distribution::Ubuntu),
    suite("jammy", Distribution::Ubuntu),
    suite("trixie", Distribution::Debian),
    suite("bookworm", Distribution::Debian),
];

const fn suite(name: &'static str, distribution: Distribution) -> Suite {
    Suite { name, distribution }
}

/// The suite that replaces Ubuntu where its archive is not available.
pub const FALLBACK_SUITE: &str = "bookworm";

/// The suite of this name.
///
/// # Errors
/// When there is none.
pub fn find(name: &str) -> Result<Suite, BakeError> {
    let mut known = SUITES.iter().copied();
    known.find(|suite| suite.name == name).ok_or_else(|| {
        let names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        BakeError::new(
            ErrorKind::Usage,
            "--suite",
            format_args!("there is no suite `{name}` that an image can be made of"),
            &format!("one of: {}", names.join(", ")),
        )
    })
}

/// Lines of `sources.list` for a suite: one archive, those that the machine itself uses, or the
/// distribution's own.
///
/// # Errors
/// When the archive's address is none.
pub fn sources(
    suite: Suite,
    architecture: &str,
    mirror: Option<&str>,
    of_the_machine: &[PackageSource],
) -> Result<Vec<String>, BakeError> {
    if let Some(mirror) = mirror {
        let line = of_mirror(suite, mirror)?;
        return Ok(vec![line]);
    }
    let own: Vec<String> = of_the_machine
        .iter()
        .filter(|source| is_of(suite, source))
        .map(|source| line(&source.address, &source.suite, &source.component))
        .collect();
    let has_base = of_the_machine.iter().any(|it| it.suite == suite.name);
    Ok(if has_base {
        own
    } else {
        published(suite, architecture)
    })
}

/// An archive as apt knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageSource {
    pub address: String,
    pub suite: String,
    pub component: String,
}

/// What `apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)'` prints.
#[must_use]
pub fn read_index_targets(printed: &str) -> Vec<PackageSource> {
    let mut sources: Vec<PackageSource> = Vec::new();
    for line in printed.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [address, suite, component] = words[..] else {
            continue;
        };
        let source = PackageSource {
            address: address.trim_end_matches('/').to_owned(),
            suite: suite.to_owned(),
            component: component.to_owned(),
        };
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources
}

/// Whether an archive holds the suite or what is published after it.
fn is_of(suite: Suite, source: &PackageSource) -> bool {
    let pocket = source.suite.strip_prefix(suite.name);
    matches!(pocket, Some("" | "-updates" | "-security"))
}

fn of_mirror(suite: Suite, mirror: &str) -> Result<String, BakeError> {
    let is_address = url::Url::parse(mirror)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "file"))
        && !mirror.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    if !is_address {
        return Err(BakeError::new(
            ErrorKind::Usage,
            "--mirror",
            format_args!("`{mirror}` is not the address of an archive"),
            "an http, https or file address, such as http://deb.debian.org/debian",
        ));
    }
    Ok(line(mirror, suite.name, suite.distribution.components()))
}

/// Where everybody gets them.
fn published(suite: Suite, architecture: &str) -> Vec<String> {
    let components = suite.distribution.components();
    let (main, security) = match suite.distribution {
        Distribution::Debian => (
            "http://deb.debian.org/debian",
            "http://deb.debian.org/debian-security",
        ),
        Distribution::Ubuntu if architecture == "amd64" => (
            "http://archive.ubuntu.com/ubuntu",
            "http://security.ubuntu.com/ubuntu",
        ),
        Distribution::Ubuntu => (
            "http://ports.ubuntu.com/ubuntu-ports",
            "http://ports.ubuntu.com/ubuntu-ports",
        ),
    };
    vec![
        line(main, suite.name, components),
        line(main, &format!("{}-updates", suite.name), components),
        line(security, &format!("{}-security", suite.name), components),
    ]
}

fn line(address: &str, suite: &str, components: &str) -> String {
    format!("deb {address} {suite} {components}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "http://deb.debian.org/debian/ bookworm main\n\
        http://deb.debian.org/debian/ bookworm main\n\
        http://deb.debian.org/debian/ bookworm-updates main\n\
        http://deb.debian.org/debian-security/ bookworm-security main\n\
        https://deb.nodesource.com/node_20.x/ nodistro main\n\
        http://deb.debian.org/debian/ bookworm-backports main\n";

    fn lines(name: &str, mirror: Option<&str>) -> Result<Vec<String>, BakeError> {
        let machine = read_index_targets(PRINTED);
        sources(find(name).expect("known"), "amd64", mirror, &machine)
    }

    #[test]
    fn the_machines_own_archives_are_taken_where_they_have_the_suite() {
        assert_eq!(
            lines("bookworm", None).expect("lines"),
            [
                "deb http://deb.debian.org/debian bookworm main",
                "deb http://deb.debian.org/debian bookworm-updates main",
                "deb http://deb.debian.org/debian-security bookworm-security main",
            ]
        );
        assert_eq!(
            lines("noble", None).expect("lines"),
            [
                "deb http://archive.ubuntu.com/ubuntu noble main universe",
                "deb http://archive.ubuntu.com/ubuntu noble-updates main universe",
                "deb http://security.ubuntu.com/ubuntu noble-security main universe",
            ]
        );
    }

    #[test]
    fn other_architectures_of_ubuntu_are_elsewhere() {
        let noble = find("noble").expect("known");
        let lines = sources(noble, "arm64", None, &[]).expect("lines");
        assert!(lines.iter().all(|line| line.contains("ports.ubuntu.com")));
    }

    #[test]
    fn a_mirror_stands_for_all() {
        let line = "deb http://mirror.example/debian bookworm main";
        let mirror = Some("http://mirror.example/debian");
        assert_eq!(lines("bookworm", mirror).expect("lines"), [line]);
        for broken in [
            "mirror",
            "http://a b/",
            "http://a/\ndeb http://b",
            "ftp://a/",
        ] {
            let failure = lines("bookworm", Some(broken)).expect_err(broken);
            assert_eq!(
                (failure.kind, failure.subject.as_str()),
                (ErrorKind::Usage, "--mirror")
            );
        }
    }

    #[test]
    fn an_unknown_suite_is_told_with_those_that_there_are() {
        let failure = find("woody").expect_err("unknown");
        assert_eq!(failure.help, "one of: noble, jammy, trixie, bookworm");
    }
}
