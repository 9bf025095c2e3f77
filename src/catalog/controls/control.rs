//! What is known of one hardening control.

use serde::Serialize;

use crate::fleet::Profile;

/// The benchmark that [`Control::cis`] numbers: sections of another edition differ.
pub const CIS_BENCHMARK: &str = "CIS Ubuntu Linux 24.04 LTS Benchmark 1.0.0";

/// What stands before a control's id in a comment of a rendered file.
pub const CONTROL_MARKER: &str = "Control: ";

/// What makes a control hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EnforcedBy {
    /// The rendered Terraform.
    Terraform,
    /// The golden image.
    Image,
    /// A systemd unit inside the image.
    Unit,
    /// The worker agent.
    Agent,
    /// People: the generator can remind of it and not do it.
    Process,
}

impl EnforcedBy {
    /// Who enforces it, in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terraform => "Terraform",
            Self::Image => "the image",
            Self::Unit => "a systemd unit",
            Self::Agent => "the agent",
            Self::Process => "people",
        }
    }
}

/// What a control is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    Network,
    Aws,
    Ssh,
    Updates,
    Services,
    Users,
    Passwords,
    Sudo,
    Audit,
    Logging,
    Intrusion,
    Firewall,
    KernelNetwork,
    Kernel,
    Apparmor,
    Mounts,
    Permissions,
    Image,
    Units,
    Application,
    Adspower,
}

impl Group {
    /// The group as a heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Aws => "AWS",
            Self::Ssh => "SSH",
            Self::Updates => "Updates",
            Self::Services => "Services",
            Self::Users => "Accounts",
            Self::Passwords => "Passwords",
            Self::Sudo => "Becoming root",
            Self::Audit => "Audit",
            Self::Logging => "Logs",
            Self::Intrusion => "Intrusion",
            Self::Firewall => "Host firewall",
            Self::KernelNetwork => "Kernel network settings",
            Self::Kernel => "The kernel",
            Self::Apparmor => "AppArmor",
            Self::Mounts => "File systems",
            Self::Permissions => "File modes and owners",
            Self::Image => "The image",
            Self::Units => "Units",
            Self::Application => "Application",
            Self::Adspower => "AdsPower",
        }
    }
}

/// How much the command that verifies a control can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The program that decides is asked, or what is forbidden is tried.
    Effect,
    /// Everything that decides is read as a whole: what it comes to shows later only.
    Configuration,
    /// Nothing: it does not apply.
    NotHere,
}

impl Proof {
    /// As `verify.sh` takes and prints it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Effect => "effect",
            Self::Configuration => "configuration",
            Self::NotHere => "not-here",
        }
    }
}

/// How it is known that a control holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verify {
    /// A command of bash that succeeds exactly where the control holds. `verify.sh` runs it as root
    /// with the functions of `image/verify/`, where nothing can be changed.
    Command {
        run: &'static str,
        /// What it tells of an image that is being made.
        in_image: Proof,
        /// What it tells of a running host. What is [`Proof::NotHere`] is about the image's birth:
        /// it is proven in an image that nobody has started, and at its first start.
        on_host: Proof,
    },
    /// What looks at the rendered files or at what was made from them.
    Rendered(&'static str),
    /// Nobody but these people.
    People(&'static str),
}

/// A section of the [benchmark](CIS_BENCHMARK).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CisSection {
    /// Its number.
    pub section: &'static str,
    /// The rule of the SCAP Security Guide that asks for the same, without the guide's prefix. A test
    /// holds its section against this one. `None` where the benchmark leaves the section to people.
    pub scap_rule: Option<&'static str>,
}

/// A section, and the rule of the SCAP Security Guide that asks for the same.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands where a control may have no section"
)]
pub(super) const fn cis(section: &'static str, scap_rule: &'static str) -> Option<CisSection> {
    Some(CisSection {
        section,
        scap_rule: Some(scap_rule),
    })
}

/// A section that the guide has no rule for.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands where a control may have no section"
)]
pub(super) const fn cis_without_rule(section: &'static str) -> Option<CisSection> {
    Some(CisSection {
        section,
        scap_rule: None,
    })
}

/// One hardening control.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Control {
    /// `subject.statement`, as waivers name it.
    pub id: &'static str,
    pub group: Group,
    /// What holds.
    pub title: &'static str,
    /// The section of the [benchmark](CIS_BENCHMARK) that asks for it.
    pub cis: Option<CisSection>,
    pub enforced: EnforcedBy,
    /// What makes it hold, in words.
    pub applied: &'static str,
    pub verify: Verify,
    /// What it is known to break.
    pub may_break: Option<&'static str>,
    /// Whether fleet.toml may waive it. What AWS or the agent relies on cannot be waived.
    pub waivable: bool,
}

impl Control {
    /// Whether a set of controls has this one.
    #[must_use]
    pub fn is_in(&self, profile: Profile) -> bool {
        match profile {
            Profile::BrowserWorker => true,
        }
    }
}
