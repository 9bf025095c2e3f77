//! Logs.

use super::control::{Control, EnforcedBy, Group, Proof, Verify, cis};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.journal-kept",
        group: Group::Logging,
        title: "The journal is persistent and limited in size",
        cis: cis("6.1.2.4", "journald_storage"),
        enforced: EnforcedBy::Image,
        applied: "Storage=persistent and SystemMaxUse",
        verify: Verify::Command {
            run: "journal_is_kept",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.log-modes",
        group: Group::Logging,
        title: "Only root and a log's group can read logs",
        cis: cis("6.1.3.4", "rsyslog_filecreatemode"),
        enforced: EnforcedBy::Image,
        applied: "modes of existing logs, and of those that rsyslog creates",
        verify: Verify::Command {
            run: "nothing find /var/log -type f -perm /0137 ! -name '*tmp' ! -name lastlog ! -name faillog && nothing find /var/log -type d -perm -0002 && nothing rsyslog_modes",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
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
        applied: "logrotate, with valid rules",
        verify: Verify::Command {
            run: "rotates /var/log/sudo.log weekly 8 && runs logrotate.timer && runs_only logrotate.service '/usr/sbin/logrotate /etc/logrotate.conf'",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.journal-here",
        group: Group::Logging,
        title: "The journal is compressed and not forwarded to syslog",
        cis: cis("6.1.2.3", "journald_compress"),
        enforced: EnforcedBy::Image,
        applied: "Compress=yes and ForwardToSyslog=no",
        verify: Verify::Command {
            run: r#"configured_is systemd/journald.conf Journal Compress yes && for key in ForwardToSyslog ForwardToKMsg ForwardToConsole; do configured_is systemd/journald.conf Journal "$key" no ''; done && configured_is systemd/journald.conf Journal ForwardToSyslog no"#,
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
];
