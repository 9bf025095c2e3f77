//! AdsPower.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "adspower.own-user",
        group: Group::Adspower,
        title: "AdsPower has a user of its own",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "User= of its unit",
        verify: Verify::Command {
            run: r#"grep -q '^User=.' /etc/systemd/system/valet-adspower.service && test "$(sed -n 's/^User=//p' /etc/systemd/system/valet-adspower.service)" != "$(sed -n 's/^User=//p' /etc/systemd/system/valet-runtime.service)" && ! grep -qx 'User=root' /etc/systemd/system/valet-adspower.service"#,
            when: VerifyPhase::Offline,
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
            run: "grep -qE '^SocketBindAllow=ipv4:tcp:[0-9]+$' /etc/systemd/system/valet-adspower.service",
            when: VerifyPhase::Offline,
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
            run: "grep -qE '^[deD].*/var/(lib|cache)/adspower.* [0-9]+[dh]' /etc/tmpfiles.d/valet.conf",
            when: VerifyPhase::Offline,
        },
        may_break: Some("sign-ins that are kept in a profile for longer"),
        waivable: true,
    },
];
