//! The sandboxes of systemd units.

use super::{Control, Enforced, Group, Verify, When};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "unit.worker-sandboxed",
        group: Group::Units,
        title: "The agent is sandboxed",
        requirement: None,
        cis: None,
        enforced: Enforced::Unit,
        applied: "directives of its unit, exposure 3.0 at the most",
        verify: Verify::Command {
            run: "systemd-analyze security --offline=true --threshold=30 /etc/systemd/system/valet-worker.service",
            when: When::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "unit.xvfb-sandboxed",
        group: Group::Units,
        title: "The X server is sandboxed",
        requirement: None,
        cis: None,
        enforced: Enforced::Unit,
        applied: "directives of its unit, exposure 3.0 at the most",
        verify: Verify::Command {
            run: "systemd-analyze security --offline=true --threshold=30 /etc/systemd/system/valet-xvfb.service",
            when: When::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "unit.novnc-sandboxed",
        group: Group::Units,
        title: "noVNC is sandboxed",
        requirement: None,
        cis: None,
        enforced: Enforced::Unit,
        applied: "directives of its unit, exposure 3.0 at the most",
        verify: Verify::Command {
            run: "systemd-analyze security --offline=true --threshold=30 /etc/systemd/system/valet-novnc.service",
            when: When::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "unit.browsers-sandboxed",
        group: Group::Units,
        title: "AdsPower and the runtime are as sandboxed as a browser can be",
        requirement: None,
        cis: None,
        enforced: Enforced::Unit,
        applied: "directives of their units, exposure 3.5 at the most",
        verify: Verify::Command {
            run: "systemd-analyze security --offline=true --threshold=35 /etc/systemd/system/valet-adspower.service && systemd-analyze security --offline=true --threshold=35 /etc/systemd/system/valet-runtime.service",
            when: When::Offline,
        },
        may_break: None,
        waivable: false,
    },
    Control {
        id: "unit.valid",
        group: Group::Units,
        title: "systemd accepts every unit",
        requirement: None,
        cis: None,
        enforced: Enforced::Unit,
        applied: "systemd-analyze verify when the image is made",
        verify: Verify::Command {
            run: r#"problems=$(systemd-analyze verify --man=no /etc/systemd/system/valet-*.service 2>&1 | grep -E '(^|/)valet-' | grep -vE 'Command .* is not executable: No such file'); test -z "$problems" && test -e /etc/systemd/system/valet-worker.service"#,
            when: When::Offline,
        },
        may_break: None,
        waivable: false,
    },
];
