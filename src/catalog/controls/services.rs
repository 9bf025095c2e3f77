//! Services and programs that are there or are not.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.unused-services",
        group: Group::Services,
        title: "Unused services are off",
        cis: Some("2.1"),
        enforced: EnforcedBy::Image,
        applied: "services that no worker needs are masked",
        verify: Verify::Command {
            run: r#"for service in cups avahi-daemon bluetooth ModemManager rpcbind nfs-server snmpd smbd vsftpd rsync slapd dovecot named dnsmasq squid apache2 nginx xinetd; do test "$(systemctl is-enabled "$service.service" 2>/dev/null)" = masked || exit 1; done"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.legacy-clients-absent",
        group: Group::Services,
        title: "Clients that send passwords in clear text are absent",
        cis: Some("2.2"),
        enforced: EnforcedBy::Image,
        applied: "telnet, rsh, talk, NIS and ftp are removed, and apt installs them no more",
        verify: Verify::Command {
            run: r"! dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' telnet nis rsh-client talk tnftp ftp ldap-utils 2>/dev/null | grep -q ^ii && grep -q '^Package: telnet ' /etc/apt/preferences.d/valet",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.no-desktop",
        group: Group::Services,
        title: "No desktop is started",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "the default target is multi-user",
        verify: Verify::Command {
            run: r#"test "$(systemctl get-default)" = multi-user.target"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.time-synchronised",
        group: Group::Services,
        title: "The clock is kept by the time service of EC2",
        cis: Some("2.3.3"),
        enforced: EnforcedBy::Image,
        applied: "chrony, with 169.254.169.123 as its source",
        verify: Verify::Command {
            run: r"grep -rqs '169\.254\.169\.123' /etc/chrony && systemctl is-enabled -q chrony.service",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.no-crash-reports",
        group: Group::Services,
        title: "No crash report leaves the host",
        cis: Some("1.5.5"),
        enforced: EnforcedBy::Image,
        applied: "apport and whoopsie are removed, and apt installs them no more",
        verify: Verify::Command {
            run: r"! dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' apport whoopsie 2>/dev/null | grep -q ^ii && grep -q '^Package: apport ' /etc/apt/preferences.d/valet",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
];
