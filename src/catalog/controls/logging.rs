//! Logs.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.journal-kept",
        group: Group::Logging,
        title: "The journal survives a reboot and does not fill the disk",
        cis: Some("6.1.2.4"),
        enforced: EnforcedBy::Image,
        applied: "Storage=persistent and SystemMaxUse",
        verify: Verify::Command {
            run: "test \"$(systemd-analyze cat-config systemd/journald.conf | sed -n 's/^Storage=//p' | tail -n1)\" = persistent && systemd-analyze cat-config systemd/journald.conf | grep -qE '^SystemMaxUse='",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.log-modes",
        group: Group::Logging,
        title: "Only root and its group read logs",
        cis: Some("6.1.3.4"),
        enforced: EnforcedBy::Image,
        applied: "modes of what is there and of what comes",
        verify: Verify::Command {
            run: r"! find /var/log -type f -perm /0137 ! -name '*tmp' ! -name lastlog ! -name faillog 2>/dev/null | grep -qE 'auth\.log|syslog|audit' && grep -qx '$FileCreateMode 0640' /etc/rsyslog.d/10-valet.conf",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.log-rotation",
        group: Group::Logging,
        title: "Logs are rotated",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "logrotate, with rules that it accepts",
        verify: Verify::Command {
            run: "logrotate -d /etc/logrotate.conf && logrotate -d /etc/logrotate.conf 2>&1 | grep -q 'pattern: /var/log/sudo.log '",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.journal-here",
        group: Group::Logging,
        title: "The journal is compressed and goes to no other log",
        cis: Some("6.1.2.3"),
        enforced: EnforcedBy::Image,
        applied: "Compress=yes and ForwardToSyslog=no",
        verify: Verify::Command {
            run: r#"settings=$(systemd-analyze cat-config systemd/journald.conf) && for wanted in Compress=yes ForwardToSyslog=no; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
];
