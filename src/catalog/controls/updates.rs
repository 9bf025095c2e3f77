//! Packages and their updates.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.security-updates",
        group: Group::Updates,
        title: "Security updates install themselves",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "unattended-upgrades, switched on",
        verify: Verify::Command {
            run: r#"apt-config dump | grep -qx 'APT::Periodic::Unattended-Upgrade "1";'"#,
            when: VerifyPhase::Offline,
        },
        may_break: Some("a boot waits while updates hold the lock of apt"),
        waivable: true,
    },
    Control {
        id: "os.updates-from-security",
        group: Group::Updates,
        title: "Updates come from the archive of security updates",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "the origins of unattended-upgrades",
        verify: Verify::Command {
            run: "apt-config dump Unattended-Upgrade::Origins-Pattern Unattended-Upgrade::Allowed-Origins | grep -qi security",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.updates-work",
        group: Group::Updates,
        title: "Updates can be installed",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "every package is configured",
        verify: Verify::Command {
            run: r#"test -z "$(dpkg --audit)" && unattended-upgrade --dry-run"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.updates-no-reboot",
        group: Group::Updates,
        title: "No update reboots a worker",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "Automatic-Reboot false",
        verify: Verify::Command {
            run: r#"apt-config dump | grep -qx 'Unattended-Upgrade::Automatic-Reboot "false";'"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.signed-packages",
        group: Group::Updates,
        title: "Every package is signed",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "no repository is trusted without a signature, and apt is told to trust none",
        verify: Verify::Command {
            run: r#"! grep -rqiE 'trusted=yes|allow-insecure' /etc/apt/sources.list /etc/apt/sources.list.d && apt-config dump | grep -qx 'Acquire::AllowInsecureRepositories "false";' && apt-config dump | grep -qx 'APT::Get::AllowUnauthenticated "false";'"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: false,
    },
];
