//! The host's own firewall.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.firewall",
        group: Group::Firewall,
        title: "The host drops what its own firewall does not list",
        cis: Some("4.3.9"),
        enforced: EnforcedBy::Image,
        applied: "nftables, enabled",
        verify: Verify::Command {
            run: "systemctl is-enabled -q nftables.service && nft -c -f /etc/nftables.conf",
            when: VerifyPhase::Offline,
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
            run: "grep -qE 'hook input .*policy drop' /etc/nftables.conf && grep -qE 'hook forward .*policy drop' /etc/nftables.conf",
            when: VerifyPhase::Offline,
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
            run: "grep -qE 'hook output .*policy drop' /etc/nftables.conf",
            when: VerifyPhase::Offline,
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
            run: r"grep -qE '169\.254\.169\.254.*skuid' /etc/nftables.conf",
            when: VerifyPhase::Offline,
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
            run: r#"grep -qE 'skuid .*log prefix "valet-adspower-denied' /etc/nftables.conf"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
];
