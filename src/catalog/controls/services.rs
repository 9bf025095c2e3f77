//! Services and programs that are there or are not.

use super::control::{Control, EnforcedBy, Group, Proof, Verify, cis};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.unused-services",
        group: Group::Services,
        title: "Unused services are off",
        cis: cis("2.1", "service_cups_disabled"),
        enforced: EnforcedBy::Image,
        applied: "systemd masks services that no worker needs",
        verify: Verify::Command {
            run: "unused_is_off",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.legacy-clients-absent",
        group: Group::Services,
        title: "Clients of plain-text protocols are not installed",
        cis: cis("2.2", "package_telnet_removed"),
        enforced: EnforcedBy::Image,
        applied: "telnet, rsh, talk, NIS and ftp are removed, and an apt preference blocks them",
        verify: Verify::Command {
            run: "not_installable telnet inetutils-telnet nis yp-tools rsh-client inetutils-tools rsh-redone-client talk inetutils-talk ftp tnftp inetutils-ftp ldap-utils && no_program telnet rsh rlogin rcp talk ypcat ypbind ftp tnftp pftp ldapsearch",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.no-desktop",
        group: Group::Services,
        title: "No graphical desktop starts",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "systemd's default target is multi-user.target",
        verify: Verify::Command {
            run: r#"runs_not graphical.target display-manager.service && test "$(systemctl get-default)" = multi-user.target"#,
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.time-synchronised",
        group: Group::Services,
        title: "The clock is synchronised with the Amazon Time Sync Service",
        cis: cis("2.3.3", "chronyd_configure_pool_and_server"),
        enforced: EnforcedBy::Image,
        applied: "chrony, with 169.254.169.123 as its source",
        verify: Verify::Command {
            run: "runs chrony.service && clock_has_only 169.254.169.123",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.no-crash-reports",
        group: Group::Services,
        title: "Crash reporting is not installed",
        cis: cis("1.5.5", "service_apport_disabled"),
        enforced: EnforcedBy::Image,
        applied: "apport and whoopsie are removed, and an apt preference blocks them",
        verify: Verify::Command {
            run: "not_installable apport whoopsie && no_program apport whoopsie apport-cli && runs_not apport.service whoopsie.service",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
];
