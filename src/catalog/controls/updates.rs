//! Packages and their updates.

use super::control::{Control, EnforcedBy, Group, Proof, Verify};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.security-updates",
        group: Group::Updates,
        title: "Security updates are installed automatically",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "unattended-upgrades, enabled",
        verify: Verify::Command {
            run: "updates_install_themselves",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: Some("apt commands during a boot, which wait for apt's lock"),
        waivable: true,
    },
    Control {
        id: "os.updates-from-security",
        group: Group::Updates,
        title: "Automatic updates come from the security archive",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "the allowed origins of unattended-upgrades",
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
        title: "Packages are in a state in which updates can be installed",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "no package is left half-installed",
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
        title: "Automatic updates never reboot a worker",
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
        title: "Unsigned packages are refused",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "apt requires signed repositories",
        verify: Verify::Command {
            run: "packages_are_signed",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: false,
    },
];
