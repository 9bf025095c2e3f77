//! Packages and their updates.

use super::{Control, EnforcedBy, Group, Proof, Verify};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.security-updates",
        group: Group::Updates,
        title: "Security updates install themselves",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "unattended-upgrades, switched on",
        verify: Verify::Command {
            run: "updates_install_themselves",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
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
            run: "updates_are_of_security",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
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
            run: "updates_work",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
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
            run: r#"apt_is_off Unattended-Upgrade::Automatic-Reboot && test -n "$(apt_setting Unattended-Upgrade::Automatic-Reboot)""#,
            in_image: Proof::Effect,
            on_host: Proof::Effect,
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
            run: "packages_are_signed",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: false,
    },
];
