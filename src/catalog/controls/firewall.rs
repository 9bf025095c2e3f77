//! The host's own firewall.

use super::{Control, EnforcedBy, Group, Proof, Verify};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.firewall",
        group: Group::Firewall,
        title: "The host drops what its own firewall does not list",
        cis: Some("4.3.9"),
        enforced: EnforcedBy::Image,
        applied: "nftables, enabled",
        verify: Verify::Command {
            run: "packets_were_tried && nothing_gets_in && egress_is_listed",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.firewall-drops",
        group: Group::Firewall,
        title: "What comes in or passes through is dropped",
        cis: Some("4.3.8"),
        enforced: EnforcedBy::Image,
        applied: "policy drop of the chains input and forward",
        verify: Verify::Command {
            run: "nothing_gets_in",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.firewall-egress",
        group: Group::Firewall,
        title: "Only the listed ports are reached",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "policy drop of the chain output, and the egress list",
        verify: Verify::Command {
            run: "egress_is_listed",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.firewall-metadata",
        group: Group::Firewall,
        title: "Neither the runtime nor AdsPower reads the instance metadata",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "rules by user for 169.254.169.254",
        verify: Verify::Command {
            run: "metadata_is_for root valet-agent cwagent ec2-instance-connect",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: Some("a runtime that takes its credentials from the instance"),
        waivable: true,
    },
    Control {
        id: "adspower.connections-watched",
        group: Group::Firewall,
        title: "Unexpected connections of AdsPower are noticed",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "what its user is denied is logged",
        verify: Verify::Command {
            run: "denied_is_logged valet-adspower-denied",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
];
