//! Passwords. No account of the image has one; this is for those that somebody gives one.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.password-quality",
        group: Group::Passwords,
        title: "A new password is long and of every kind of letter",
        cis: Some("5.3.3.2.2"),
        enforced: EnforcedBy::Image,
        applied: "pam_pwquality",
        verify: Verify::Command {
            run: r#"grep -qE '^password[[:space:]]+requisite[[:space:]]+pam_pwquality\.so' /etc/pam.d/common-password && for word in 'minlen = 14' 'minclass = 4' 'dictcheck = 1' 'enforcing = 1' enforce_for_root; do grep -qx "$word" /etc/security/pwquality.conf || exit 1; done; test -s /var/cache/cracklib/cracklib_dict.pwd"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.password-history",
        group: Group::Passwords,
        title: "A password does not come back",
        cis: Some("5.3.3.3.1"),
        enforced: EnforcedBy::Image,
        applied: "pam_pwhistory, with 24 passwords",
        verify: Verify::Command {
            run: r"grep -qE '^password[[:space:]]+requisite[[:space:]]+pam_pwhistory\.so remember=24 enforce_for_root' /etc/pam.d/common-password",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.login-lockout",
        group: Group::Passwords,
        title: "An account that is guessed at is locked for a while",
        cis: Some("5.3.3.1.1"),
        enforced: EnforcedBy::Image,
        applied: "pam_faillock, after 4 failures, for 900 s",
        verify: Verify::Command {
            run: r"grep -qE '^auth[[:space:]]+requisite[[:space:]]+pam_faillock\.so preauth' /etc/pam.d/common-auth && grep -qE '^auth[[:space:]]+\[default=die\][[:space:]]+pam_faillock\.so authfail' /etc/pam.d/common-auth && grep -qE '^account[[:space:]]+required[[:space:]]+pam_faillock\.so' /etc/pam.d/common-account && grep -qx 'deny = 4' /etc/security/faillock.conf && grep -qx 'unlock_time = 900' /etc/security/faillock.conf",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.no-null-passwords",
        group: Group::Passwords,
        title: "An empty password opens nothing",
        cis: Some("5.3.3.4.1"),
        enforced: EnforcedBy::Image,
        applied: "pam_unix without nullok",
        verify: Verify::Command {
            run: r"grep -q 'pam_unix\.so' /etc/pam.d/common-auth && ! grep -hE '^[^#]*nullok' /etc/pam.d/common-* | grep -q .",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.password-hashing",
        group: Group::Passwords,
        title: "Passwords are hashed with yescrypt",
        cis: Some("5.4.1.4"),
        enforced: EnforcedBy::Image,
        applied: "ENCRYPT_METHOD YESCRYPT",
        verify: Verify::Command {
            run: r#"test "$(sed -nE 's/^ENCRYPT_METHOD[[:space:]]+//p' /etc/login.defs | tail -n1)" = YESCRYPT"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.password-age",
        group: Group::Passwords,
        title: "A password is changed every year",
        cis: Some("5.4.1.1"),
        enforced: EnforcedBy::Image,
        applied: "PASS_MAX_DAYS 365 and PASS_MIN_DAYS 1",
        verify: Verify::Command {
            run: r#"test "$(sed -nE 's/^PASS_MAX_DAYS[[:space:]]+//p' /etc/login.defs | tail -n1)" = 365 && test "$(sed -nE 's/^PASS_MIN_DAYS[[:space:]]+//p' /etc/login.defs | tail -n1)" = 1"#,
            when: VerifyPhase::Offline,
        },
        may_break: Some("accounts with a password, on hosts that live for a year"),
        waivable: true,
    },
    Control {
        id: "os.inactive-accounts",
        group: Group::Passwords,
        title: "An account whose password has run out is locked after a month",
        cis: Some("5.4.1.5"),
        enforced: EnforcedBy::Image,
        applied: "INACTIVE=30 for new accounts",
        verify: Verify::Command {
            run: "useradd -D | grep -qx INACTIVE=30",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
];
