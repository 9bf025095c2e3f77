//! The record of the Linux audit subsystem.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.auditd",
        group: Group::Audit,
        title: "Access to sensitive files is recorded",
        cis: Some("6.2.1.2"),
        enforced: EnforcedBy::Image,
        applied: "auditd, enabled",
        verify: Verify::Command {
            run: "systemctl is-enabled -q auditd.service",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.audit-identity",
        group: Group::Audit,
        title: "Changes of accounts are recorded",
        cis: Some("6.2.3.8"),
        enforced: EnforcedBy::Image,
        applied: "a rule for each file that holds accounts",
        verify: Verify::Command {
            run: r#"for file in passwd shadow group gshadow; do grep -rqE -- "-w /etc/$file -p wa" /etc/audit/rules.d || exit 1; done"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.audit-privileges",
        group: Group::Audit,
        title: "Changes of who may become root are recorded",
        cis: Some("6.2.3.1"),
        enforced: EnforcedBy::Image,
        applied: "rules for sudoers and the log of sudo",
        verify: Verify::Command {
            run: r"grep -rqE -- '-w /etc/sudoers(\.d)?/? -p wa' /etc/audit/rules.d",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.audit-kernel",
        group: Group::Audit,
        title: "Modules, mounts and changes of the clock are recorded",
        cis: Some("6.2.3.19"),
        enforced: EnforcedBy::Image,
        applied: "rules for their system calls",
        verify: Verify::Command {
            run: "grep -rq finit_module /etc/audit/rules.d && grep -rq clock_settime /etc/audit/rules.d && grep -rqE -- '-S mount' /etc/audit/rules.d",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.audit-worker",
        group: Group::Audit,
        title: "Changes of the worker's own files are recorded",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "a rule for /opt/valet and its units",
        verify: Verify::Command {
            run: "grep -rqE -- '-w /opt/valet' /etc/audit/rules.d",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.audit-immutable",
        group: Group::Audit,
        title: "The rules cannot be changed until the next boot",
        cis: Some("6.2.3.20"),
        enforced: EnforcedBy::Image,
        applied: "-e 2, last",
        verify: Verify::Command {
            run: "tail -qn1 /etc/audit/rules.d/99-finalize.rules | grep -qx -- '-e 2'",
            when: VerifyPhase::Offline,
        },
        may_break: Some("a change of the rules needs a reboot"),
        waivable: true,
    },
    Control {
        id: "os.audit-never-halts",
        group: Group::Audit,
        title: "A full record rotates and halts nothing",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "max_log_file_action ROTATE",
        verify: Verify::Command {
            run: "grep -qiE '^max_log_file_action = ROTATE' /etc/audit/auditd.conf && ! grep -qiE '_action = (HALT|SINGLE)' /etc/audit/auditd.conf",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        // At each start, augenrules writes /etc/audit/audit.rules with the mode 0640.
        id: "os.audit-files-private",
        group: Group::Audit,
        title: "Only root reads what is recorded and how",
        cis: Some("6.2.4.5"),
        enforced: EnforcedBy::Image,
        applied: "modes of the files below /etc/audit",
        verify: Verify::Command {
            run: r#"! find /etc/audit -type f \( -path '/etc/audit/rules.d/*.rules' -perm /0177 -o \( -name '*.rules' -o -name '*.conf' \) -perm /0137 \) | grep -q . && test "$(stat -c %a%U%G /var/log/audit)" = 700rootroot"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
];
