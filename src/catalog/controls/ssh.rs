//! sshd, which does not run unless EC2 Instance Connect is asked for.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

/// What sshd makes of its configuration, in `$settings`. It wants a host key to say so, which no
/// image has.
macro_rules! settings {
    ($check:literal) => {
        concat!(
            r#"folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && ssh-keygen -q -t ed25519 -N '' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && "#,
            $check
        )
    };
}

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.ssh-no-root",
        group: Group::Ssh,
        title: "sshd refuses root",
        cis: Some("5.1.20"),
        enforced: EnforcedBy::Image,
        applied: "PermitRootLogin no",
        verify: Verify::Command {
            run: settings!(r#"grep -qx 'permitrootlogin no' <<<"$settings""#),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "os.ssh-no-passwords",
        group: Group::Ssh,
        title: "sshd refuses passwords",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "PasswordAuthentication no",
        verify: Verify::Command {
            run: settings!(r#"grep -qx 'passwordauthentication no' <<<"$settings""#),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "os.ssh-no-keyboard-interactive",
        group: Group::Ssh,
        title: "sshd asks no questions that a password answers",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "KbdInteractiveAuthentication no",
        verify: Verify::Command {
            run: settings!(r#"grep -qx 'kbdinteractiveauthentication no' <<<"$settings""#),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "os.ssh-no-empty-passwords",
        group: Group::Ssh,
        title: "sshd refuses empty passwords",
        cis: Some("5.1.19"),
        enforced: EnforcedBy::Image,
        applied: "PermitEmptyPasswords no",
        verify: Verify::Command {
            run: settings!(
                r#"grep -qx 'permitemptypasswords no' <<<"$settings" && grep -qx 'PermitEmptyPasswords no' /etc/ssh/sshd_config"#
            ),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "os.ssh-no-forwarding",
        group: Group::Ssh,
        title: "sshd forwards nothing",
        cis: Some("5.1.8"),
        enforced: EnforcedBy::Image,
        applied: "DisableForwarding yes",
        verify: Verify::Command {
            run: settings!(r#"grep -qx 'disableforwarding yes' <<<"$settings""#),
            when: VerifyPhase::Offline,
        },
        may_break: Some("port forwards over EC2 Instance Connect; those of Session Manager work"),
        waivable: true,
    },
    Control {
        id: "os.ssh-max-auth-tries",
        group: Group::Ssh,
        title: "sshd allows four tries to log in",
        cis: Some("5.1.16"),
        enforced: EnforcedBy::Image,
        applied: "MaxAuthTries 4",
        verify: Verify::Command {
            run: settings!(r#"test "$(sed -n 's/^maxauthtries //p' <<<"$settings")" -le 4"#),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.ssh-strong-algorithms",
        group: Group::Ssh,
        title: "sshd offers no weak cipher, MAC or key exchange",
        cis: Some("5.1.6"),
        enforced: EnforcedBy::Image,
        applied: "Ciphers, MACs and KexAlgorithms",
        verify: Verify::Command {
            run: settings!(
                r#"! grep -E '^(ciphers|macs|kexalgorithms) ' <<<"$settings" | grep -qE 'cbc|3des|arcfour|md5|umac-64|sha1'"#
            ),
            when: VerifyPhase::Offline,
        },
        may_break: Some("clients from before 2014"),
        waivable: true,
    },
    Control {
        id: "os.ssh-login-grace",
        group: Group::Ssh,
        title: "sshd waits a minute for a login",
        cis: Some("5.1.13"),
        enforced: EnforcedBy::Image,
        applied: "LoginGraceTime 60",
        verify: Verify::Command {
            run: settings!(r#"test "$(sed -n 's/^logingracetime //p' <<<"$settings")" -le 60"#),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.ssh-idle-ends",
        group: Group::Ssh,
        title: "sshd ends a session that is silent",
        cis: Some("5.1.7"),
        enforced: EnforcedBy::Image,
        applied: "ClientAliveInterval and ClientAliveCountMax",
        verify: Verify::Command {
            run: settings!(r#"test "$(sed -n 's/^clientaliveinterval //p' <<<"$settings")" -gt 0"#),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.ssh-no-user-environment",
        group: Group::Ssh,
        title: "sshd takes no environment from a user",
        cis: Some("5.1.21"),
        enforced: EnforcedBy::Image,
        applied: "PermitUserEnvironment no",
        verify: Verify::Command {
            run: settings!(
                r#"grep -qx 'permituserenvironment no' <<<"$settings" && grep -qx 'PermitUserEnvironment no' /etc/ssh/sshd_config"#
            ),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.ssh-no-host-based",
        group: Group::Ssh,
        title: "sshd trusts no host",
        cis: Some("5.1.10"),
        enforced: EnforcedBy::Image,
        applied: "HostbasedAuthentication no and IgnoreRhosts yes",
        verify: Verify::Command {
            run: settings!(
                r#"grep -qx 'hostbasedauthentication no' <<<"$settings" && grep -qx 'ignorerhosts yes' <<<"$settings" && grep -qx 'HostbasedAuthentication no' /etc/ssh/sshd_config"#
            ),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.ssh-config-mode",
        group: Group::Ssh,
        title: "Only root reads the configuration of sshd",
        cis: Some("5.1.1"),
        enforced: EnforcedBy::Image,
        applied: "mode 0600",
        verify: Verify::Command {
            run: r#"test "$(stat -c %a%U%G /etc/ssh/sshd_config)" = 600rootroot"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.ssh-unit-masked",
        group: Group::Ssh,
        title: "sshd does not run",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "its unit and its socket are masked; EC2 Instance Connect unmasks them",
        verify: Verify::Command {
            run: r#"test "$(systemctl is-enabled ssh.service)" = masked"#,
            when: VerifyPhase::Offline,
        },
        may_break: Some("SSH of every kind"),
        waivable: true,
    },
    Control {
        id: "os.ssh-sessions-limited",
        group: Group::Ssh,
        title: "sshd takes few sessions and few logins at the same time",
        cis: Some("5.1.18"),
        enforced: EnforcedBy::Image,
        applied: "MaxSessions 10 and MaxStartups 10:30:60",
        verify: Verify::Command {
            run: settings!(
                r#"grep -qx 'maxsessions 10' <<<"$settings" && grep -qx 'maxstartups 10:30:60' <<<"$settings""#
            ),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.ssh-accounts-limited",
        group: Group::Ssh,
        title: "sshd lets in neither root nor an account of a program",
        cis: Some("5.1.4"),
        enforced: EnforcedBy::Image,
        applied: "DenyUsers",
        verify: Verify::Command {
            run: settings!(
                r#"for who in root $(sed -n 's/^User=//p' /etc/systemd/system/valet-*.service | sort -u); do grep -qx "denyusers $who" <<<"$settings" || exit 1; done"#
            ),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.ssh-banner",
        group: Group::Ssh,
        title: "sshd tells that sessions are recorded before it asks who it is",
        cis: Some("5.1.5"),
        enforced: EnforcedBy::Image,
        applied: "Banner /etc/issue.net",
        verify: Verify::Command {
            run: settings!(r#"grep -qx 'banner /etc/issue.net' <<<"$settings""#),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
];
