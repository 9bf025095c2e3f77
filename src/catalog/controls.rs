//! Hardening controls: what holds on every worker, and what makes it hold.

use crate::fleet::Profile;

/// What makes a control hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforced {
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

impl Enforced {
    /// Who enforces it, in words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Terraform => "Terraform",
            Self::Image => "the image",
            Self::Unit => "a systemd unit",
            Self::Agent => "the agent",
            Self::Process => "people",
        }
    }
}

/// One hardening control.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// `subject.statement`, as waivers name it.
    pub id: &'static str,
    /// What holds.
    pub title: &'static str,
    pub enforced: Enforced,
    /// Whether fleet.toml may waive it. What AWS or the agent relies on cannot be waived.
    pub waivable: bool,
    /// The profiles that it belongs to.
    pub profiles: &'static [Profile],
}

const fn fixed(id: &'static str, title: &'static str, enforced: Enforced) -> Control {
    Control {
        id,
        title,
        enforced,
        waivable: false,
        profiles: &[Profile::BrowserWorker],
    }
}

const fn waivable(id: &'static str, title: &'static str, enforced: Enforced) -> Control {
    Control {
        id,
        title,
        enforced,
        waivable: true,
        profiles: &[Profile::BrowserWorker],
    }
}

use Enforced::{Agent, Image, Process, Terraform, Unit};

/// Every control, by subject.
pub const CONTROLS: &[Control] = &[
    fixed(
        "net.ssh-closed",
        "No port 22 is open: Session Manager is the way in",
        Terraform,
    ),
    fixed(
        "net.novnc-loopback",
        "noVNC listens on the loopback interface only",
        Unit,
    ),
    fixed(
        "net.adspower-loopback",
        "The AdsPower API listens on the loopback interface only",
        Unit,
    ),
    fixed(
        "net.egress-listed",
        "Only the listed destinations are reached",
        Terraform,
    ),
    fixed(
        "net.private-subnets",
        "Workers stand in private subnets",
        Terraform,
    ),
    fixed("net.flow-logs", "The VPC's traffic is recorded", Terraform),
    waivable(
        "os.security-updates",
        "Security updates install themselves",
        Image,
    ),
    waivable("os.unused-services", "Unused services are off", Image),
    fixed("os.ssh-no-root", "sshd refuses root", Image),
    fixed("os.ssh-no-passwords", "sshd refuses passwords", Image),
    waivable(
        "os.fail2ban",
        "Repeated failures to log in are banned",
        Image,
    ),
    waivable("os.auditd", "Access to sensitive files is recorded", Image),
    fixed(
        "os.runtime-not-root",
        "The runtime has a user of its own that is not root",
        Unit,
    ),
    waivable("os.tmp-noexec", "Nothing under /tmp can be executed", Image),
    waivable(
        "os.dev-shm-noexec",
        "Nothing under /dev/shm can be executed",
        Image,
    ),
    waivable(
        "os.user-namespaces-restricted",
        "Unprivileged user namespaces are restricted",
        Image,
    ),
    waivable("os.core-dumps-off", "No core dump is written", Image),
    waivable(
        "os.kernel-modules-listed",
        "Unused kernel modules cannot be loaded",
        Image,
    ),
    waivable(
        "os.firewall",
        "The host drops what its own firewall does not list",
        Image,
    ),
    waivable(
        "os.apparmor-enforced",
        "AppArmor profiles are enforced",
        Image,
    ),
    fixed("aws.ebs-encrypted", "Every volume is encrypted", Terraform),
    fixed(
        "aws.minimal-role",
        "The instance's role reaches its own fleet's things only",
        Terraform,
    ),
    fixed(
        "aws.inspector",
        "Amazon Inspector scans for vulnerabilities",
        Terraform,
    ),
    fixed("aws.guardduty", "GuardDuty watches for threats", Terraform),
    fixed(
        "aws.imdsv2",
        "Instance metadata needs a session token",
        Terraform,
    ),
    fixed("aws.tags", "Every resource is tagged", Terraform),
    fixed(
        "app.no-hardcoded-secrets",
        "Secrets are fetched at boot, never written down",
        Agent,
    ),
    fixed(
        "app.key-rotation",
        "WORKER_API_KEY is rotated every quarter",
        Process,
    ),
    fixed(
        "app.short-lived-tokens",
        "Tokens are short-lived where the service allows it",
        Agent,
    ),
    fixed(
        "app.inputs-validated",
        "The API validates every input",
        Process,
    ),
    fixed(
        "app.rate-limits",
        "Heartbeats and registrations are rate-limited",
        Process,
    ),
    fixed(
        "app.admin-actions-logged",
        "Actions of administrators are recorded",
        Process,
    ),
    fixed("adspower.own-user", "AdsPower has a user of its own", Unit),
    fixed(
        "adspower.loopback",
        "AdsPower's API is bound to 127.0.0.1",
        Unit,
    ),
    fixed(
        "adspower.unique-fingerprints",
        "Every profile has a fingerprint of its own",
        Process,
    ),
    fixed(
        "adspower.caches-cleared",
        "Browser caches and profile data are cleared",
        Agent,
    ),
    fixed(
        "adspower.connections-watched",
        "Unexpected connections of AdsPower are noticed",
        Agent,
    ),
];

/// The control of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Control> {
    CONTROLS.iter().find(|control| control.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique() {
        let ids: BTreeSet<&str> = CONTROLS.iter().map(|control| control.id).collect();
        assert_eq!(ids.len(), CONTROLS.len());
    }

    #[test]
    fn only_what_is_inside_the_image_can_be_waived() {
        for control in CONTROLS.iter().filter(|control| control.waivable) {
            assert_eq!(control.enforced, Image, "{}", control.id);
        }
    }
}
