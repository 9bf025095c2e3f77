//! The sandboxes of systemd units.

use super::{Control, EnforcedBy, Group, Proof, Verify};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "unit.worker-sandboxed",
        group: Group::Units,
        title: "The agent is sandboxed",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "directives of its unit, exposure 3.0 at the most",
        verify: Verify::Command {
            run: "exposure 30 valet-worker.service && unit_runs_as valet-worker.service valet-agent",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
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
            run: "exposure 30 valet-xvfb.service && unit_runs_as valet-xvfb.service valet-display",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
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
            run: "exposure 30 valet-novnc.service valet-vnc.service && unit_runs_as valet-novnc.service valet-display && unit_runs_as valet-vnc.service valet-display",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
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
            run: "exposure 35 valet-adspower.service valet-runtime.service",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
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
            run: "units_are_valid",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: false,
    },
];
