//! AdsPower.

use super::{Control, EnforcedBy, Group, Proof, Verify};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "adspower.own-user",
        group: Group::Adspower,
        title: "AdsPower has a user of its own",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "User= of its unit",
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
        applied: "the ports that it may bind are listed, and the firewall lets no other host in",
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
        title: "Every profile has a fingerprint of its own",
        cis: None,
        enforced: EnforcedBy::Process,
        applied: "the default of AdsPower",
        verify: Verify::People("whoever makes profiles keeps the default"),
        may_break: None,
        waivable: false,
    },
    Control {
        id: "adspower.caches-cleared",
        group: Group::Adspower,
        title: "Browser caches and profile data are cleared",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "systemd-tmpfiles, by age",
        verify: Verify::Command {
            run: "cleans /var/cache/adspower 1d && cleans /var/lib/adspower/.config/adspower_global/cwd_global/source/cache 7d && runs systemd-tmpfiles-clean.timer",
            in_image: Proof::Effect,
            on_host: Proof::Configuration,
        },
        may_break: Some("sign-ins that are kept in a profile for longer"),
        waivable: true,
    },
];
