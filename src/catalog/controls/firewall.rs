//! The host's own firewall.

use super::control::{Control, EnforcedBy, Group, Proof, Verify, cis};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.firewall",
        group: Group::Firewall,
        title: "The host firewall is on",
        cis: cis("4.3.9", "service_nftables_enabled"),
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
        title: "The host firewall drops incoming and forwarded packets",
        cis: cis("4.3.8", "nftables_ensure_default_deny_policy"),
        enforced: EnforcedBy::Image,
        applied: "nftables policy drop in the chains input and forward",
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
        title: "The host firewall allows outgoing connections to listed ports only",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "nftables policy drop in the chain output, and network.egress",
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
        title: "Neither the runtime nor AdsPower can read the instance metadata",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "nftables rules per user for 169.254.169.254",
        verify: Verify::Command {
            run: "metadata_is_for root valet-agent cwagent ec2-instance-connect",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: Some("a runtime that gets AWS credentials from the instance role"),
        waivable: true,
    },
    Control {
        id: "adspower.connections-watched",
        group: Group::Firewall,
        title: "Denied connections of AdsPower are logged",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "an nftables log rule for its user",
        verify: Verify::Command {
            run: "denied_is_logged valet-adspower-denied",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
];
