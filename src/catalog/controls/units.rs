//! The sandboxes of systemd units.

use super::control::{Control, EnforcedBy, Group, Proof, Verify};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "unit.worker-sandboxed",
        group: Group::Units,
        title: "The agent's unit is sandboxed",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "directives of its unit; systemd-analyze security reports an exposure of 3.0 at most",
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
        title: "The X server's unit is sandboxed",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "directives of its unit; systemd-analyze security reports an exposure of 3.0 at most",
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
        title: "noVNC's unit is sandboxed",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "directives of its unit; systemd-analyze security reports an exposure of 3.0 at most",
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
        title: "The units of AdsPower and the runtime are sandboxed as far as browsers allow",
        cis: None,
        enforced: EnforcedBy::Unit,
        applied: "directives of their units; systemd-analyze security reports an exposure of 3.5 at most",
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
        applied: "systemd-analyze verify during the image build",
        verify: Verify::Command {
            run: "units_are_valid",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: false,
    },
];
