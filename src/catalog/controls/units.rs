//! The sandboxes of systemd units.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

/// A check that a unit's exposure is this many tenths at the most. systemd before 250, Ubuntu
/// 22.04's, cannot tell it of a unit that is not loaded: there the directives themselves are looked
/// for that the exposure is made of.
macro_rules! exposure {
    ($unit:literal, $tenths:literal) => {
        concat!(
            "unit=/etc/systemd/system/",
            $unit,
            "; if systemd-analyze --help | grep -q -- --offline; then systemd-analyze security --offline=true --threshold=",
            $tenths,
            r#" "$unit"; else for directive in NoNewPrivileges=yes CapabilityBoundingSet= ProtectSystem=strict ProtectHome=yes PrivateDevices=yes PrivateTmp=yes ProtectKernelModules=yes ProtectKernelTunables=yes RestrictSUIDSGID=yes SystemCallArchitectures=native 'SystemCallFilter=@system-service.*' 'RestrictNamespaces=.*' 'RestrictAddressFamilies=.*'; do grep -qx "$directive" "$unit" || exit 1; done; fi"#
        )
    };
}

pub const CONTROLS: &[Control] = &[
    Control {
        id: "unit.worker-sandboxed",
        group: Group::Units,
        title: "The agent is sandboxed",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "directives of its unit, exposure 3.0 at the most",
        verify: Verify::Command {
            run: exposure!("valet-worker.service", "30"),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "unit.xvfb-sandboxed",
        group: Group::Units,
        title: "The X server is sandboxed",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "directives of its unit, exposure 3.0 at the most",
        verify: Verify::Command {
            run: exposure!("valet-xvfb.service", "30"),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "unit.novnc-sandboxed",
        group: Group::Units,
        title: "noVNC is sandboxed",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "directives of its unit, exposure 3.0 at the most",
        verify: Verify::Command {
            run: exposure!("valet-novnc.service", "30"),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "unit.browsers-sandboxed",
        group: Group::Units,
        title: "AdsPower and the runtime are as sandboxed as a browser can be",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "directives of their units, exposure 3.5 at the most",
        verify: Verify::Command {
            run: concat!(
                "{ ",
                exposure!("valet-adspower.service", "35"),
                "; } && { ",
                exposure!("valet-runtime.service", "35"),
                "; }"
            ),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "unit.valid",
        group: Group::Units,
        title: "systemd accepts every unit",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "systemd-analyze verify when the image is made",
        verify: Verify::Command {
            run: r#"problems=$(systemd-analyze verify --man=no /etc/systemd/system/valet-*.service 2>&1 | grep -E '(^|/)valet-' | grep -vE 'Command .* is not executable: No such file'); test -z "$problems" && test -e /etc/systemd/system/valet-worker.service"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: false,
    },
];
