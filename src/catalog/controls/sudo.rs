//! Becoming root.

use super::control::{Control, EnforcedBy, Group, Proof, Verify, cis};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.sudoers-valid",
        group: Group::Sudo,
        title: "sudo's rules are valid",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "visudo -c during the image build",
        verify: Verify::Command {
            run: "lab visudo -c && sudo_rules | grep -q .",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "os.sudo-recorded",
        group: Group::Sudo,
        title: "sudo needs a terminal and is logged",
        cis: cis("5.2.2", "sudo_add_use_pty"),
        enforced: EnforcedBy::Image,
        applied: "use_pty and logfile",
        verify: Verify::Command {
            run: "sudo_has use_pty && sudo_has logfile /var/log/sudo.log && sudo_never '!log_allowed' '!syslog' log_allowed && try_sudo_record /var/log/sudo.log",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.sudo-not-for-workers",
        group: Group::Sudo,
        title: "Neither the runtime nor AdsPower can use sudo",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "a last sudo rule that denies them everything",
        verify: Verify::Command {
            run: r#"sudo_refuses "$runtime_user" && sudo_refuses "$adspower_user""#,
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "os.su-restricted",
        group: Group::Sudo,
        title: "Only members of one group can use su",
        cis: cis("5.2.7", "use_pam_wheel_group_for_su"),
        enforced: EnforcedBy::Image,
        applied: "pam_wheel, with an empty group",
        verify: Verify::Command {
            run: "su_is_restricted sugroup",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.sudo-asks-again",
        group: Group::Sudo,
        title: "sudo asks for the password again after 15 minutes",
        cis: cis("5.2.6", "sudo_require_reauthentication"),
        enforced: EnforcedBy::Image,
        applied: "timestamp_timeout=15",
        verify: Verify::Command {
            run: "sudo_has timestamp_timeout 15 && sudo_asks_after 15",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
];
