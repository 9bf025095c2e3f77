//! Modes and owners of files.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.shadow-mode",
        group: Group::Permissions,
        title: "Only root and the group shadow read the hashes of passwords",
        cis: Some("7.1.5"),
        enforced: EnforcedBy::Image,
        applied: "mode 0640",
        verify: Verify::Command {
            run: r#"test "$(stat -c %a%U%G /etc/shadow)" = 640rootshadow"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.cron-modes",
        group: Group::Permissions,
        title: "Only root sees the jobs of cron",
        cis: Some("2.4.1"),
        enforced: EnforcedBy::Image,
        applied: "mode 0700",
        verify: Verify::Command {
            run: r#"for folder in cron.d cron.hourly cron.daily cron.weekly cron.monthly; do test ! -e "/etc/$folder" || test "$(stat -c %a "/etc/$folder")" = 700 || exit 1; done; test ! -e /etc/crontab || test "$(stat -c %a /etc/crontab)" = 600"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.no-world-writable",
        group: Group::Permissions,
        title: "No file can be written by everybody",
        cis: Some("7.1.11"),
        enforced: EnforcedBy::Image,
        applied: "modes",
        verify: Verify::Command {
            run: "! find / -xdev -type f -perm -0002 ! -path '/proc/*' ! -path '/sys/*' 2>/dev/null | grep -q .",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.no-unowned",
        group: Group::Permissions,
        title: "Every file belongs to somebody",
        cis: Some("7.1.12"),
        enforced: EnforcedBy::Image,
        applied: "owners",
        verify: Verify::Command {
            run: r"! find / -xdev \( -nouser -o -nogroup \) ! -path '/proc/*' 2>/dev/null | grep -q .",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.suid-listed",
        group: Group::Permissions,
        title: "Only listed programs run as their owner",
        cis: Some("7.1.13"),
        enforced: EnforcedBy::Image,
        applied: "the set-user-id bit is taken from all others",
        verify: Verify::Command {
            run: r"! find / -xdev -type f -perm -4000 ! -path '/proc/*' 2>/dev/null | grep -qvxE '/usr/bin/(su|sudo|passwd|mount|umount|fusermount3?)|/usr/lib/(dbus-1\.0/dbus-daemon-launch-helper|polkit-1/polkit-agent-helper-1|snapd/snap-confine|chromium/chrome-sandbox)|(/opt/google/chrome|/opt/AdsPower( Global)?)/chrome-sandbox'",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.jobs-only-of-root",
        group: Group::Permissions,
        title: "Only root has jobs of cron and at",
        cis: Some("2.4.1.8"),
        enforced: EnforcedBy::Image,
        applied: "empty lists of who may",
        verify: Verify::Command {
            run: r#"for list in /etc/cron.allow /etc/at.allow; do test "$(stat -c %a%U%s "$list")" = 640root0 || exit 1; done"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
];
