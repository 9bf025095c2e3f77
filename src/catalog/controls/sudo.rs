//! Becoming root.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.sudoers-valid",
        group: Group::Sudo,
        title: "The rules of sudo are valid",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "visudo -c when the image is made",
        verify: Verify::Command {
            run: "visudo -cq",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "os.sudo-recorded",
        group: Group::Sudo,
        title: "sudo needs a terminal and is recorded",
        cis: Some("5.2.2"),
        enforced: EnforcedBy::Image,
        applied: "use_pty and logfile",
        verify: Verify::Command {
            run: "grep -rqE '^Defaults.*use_pty' /etc/sudoers /etc/sudoers.d && grep -rqE '^Defaults.*logfile' /etc/sudoers /etc/sudoers.d",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.sudo-not-for-workers",
        group: Group::Sudo,
        title: "Neither the runtime nor AdsPower may use sudo",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "a rule that denies them everything, read last",
        verify: Verify::Command {
            run: r#"for who in 'Valet runtime' 'Valet AdsPower'; do user=$(grep ":$who:" /etc/passwd | cut -d: -f1); test -n "$user" && grep -qx "$user ALL=(ALL:ALL) !ALL" /etc/sudoers.d/zz-valet || exit 1; done"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "os.su-restricted",
        group: Group::Sudo,
        title: "Only a named group may use su",
        cis: Some("5.2.7"),
        enforced: EnforcedBy::Image,
        applied: "pam_wheel with an empty group",
        verify: Verify::Command {
            run: r"grep -qE '^auth[[:space:]]+required[[:space:]]+pam_wheel\.so.*group=' /etc/pam.d/su",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.sudo-asks-again",
        group: Group::Sudo,
        title: "sudo forgets after a quarter of an hour that it was given a password",
        cis: Some("5.2.6"),
        enforced: EnforcedBy::Image,
        applied: "timestamp_timeout=15",
        verify: Verify::Command {
            run: r#"test "$(cat /etc/sudoers /etc/sudoers.d/* | sed -nE 's/^Defaults[[:space:]]+timestamp_timeout=//p' | tail -n1)" = 15"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
];
