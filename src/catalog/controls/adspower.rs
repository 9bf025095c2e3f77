//! AdsPower.

use super::control::{Control, EnforcedBy, Group, Proof, Verify};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "adspower.own-user",
        group: Group::Adspower,
        title: "AdsPower runs as a Linux user of its own",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "User= in the systemd unit",
        verify: Verify::Command {
            run: r#"unit_runs_as valet-adspower.service "$adspower_user" && test "$(id -u "$adspower_user")" != "$(id -u "$runtime_user")""#,
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "adspower.loopback",
        group: Group::Adspower,
        title: "AdsPower's API is bound to 127.0.0.1",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "SocketBindAllow lists the ports that it may bind, and the firewall drops packets from other hosts",
        verify: Verify::Command {
            run: r#"binds_only valet-adspower.service "$adspower_port" 32768-60999 && nothing_gets_in && listens_locally "$adspower_port""#,
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "adspower.unique-fingerprints",
        group: Group::Adspower,
        title: "Every browser profile has its own fingerprint",
        cis: None,
        enforced: EnforcedBy::Process,
        applied: "AdsPower's default",
        verify: Verify::People("the people who create profiles keep the default"),
        may_break: None,
        waivable: false,
    },
    Control {
        id: "adspower.caches-cleared",
        group: Group::Adspower,
        title: "Old browser caches and profile data are deleted",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "systemd-tmpfiles, by age",
        verify: Verify::Command {
            run: "cleans /var/cache/adspower 1d && cleans /var/lib/adspower/.config/adspower_global/cwd_global/source/cache 7d && runs systemd-tmpfiles-clean.timer",
            in_image: Proof::Effect,
            on_host: Proof::Configuration,
        },
        may_break: Some("logins that a profile keeps for longer"),
        waivable: true,
    },
];
