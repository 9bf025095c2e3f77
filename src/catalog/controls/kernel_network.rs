//! The kernel's network stack.

use super::sysctl::sysctl;
use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.redirects-off",
        group: Group::KernelNetwork,
        title: "No redirect is taken or sent",
        cis: Some("3.3.5"),
        enforced: EnforcedBy::Image,
        applied: "sysctl",
        verify: Verify::Command {
            run: sysctl!(
                "net.ipv4.conf.all.accept_redirects=0 net.ipv4.conf.default.accept_redirects=0 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0 net.ipv4.conf.all.secure_redirects=0 net.ipv4.conf.default.secure_redirects=0 net.ipv6.conf.all.accept_redirects=0 net.ipv6.conf.default.accept_redirects=0"
            ),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.source-routes-off",
        group: Group::KernelNetwork,
        title: "No route that a packet brings is followed",
        cis: Some("3.3.8"),
        enforced: EnforcedBy::Image,
        applied: "sysctl",
        verify: Verify::Command {
            run: sysctl!(
                "net.ipv4.conf.all.accept_source_route=0 net.ipv4.conf.default.accept_source_route=0 net.ipv6.conf.all.accept_source_route=0 net.ipv6.conf.default.accept_source_route=0"
            ),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.reverse-path-filter",
        group: Group::KernelNetwork,
        title: "Packets with a false source are dropped",
        cis: Some("3.3.7"),
        enforced: EnforcedBy::Image,
        applied: "sysctl",
        verify: Verify::Command {
            run: sysctl!("net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1"),
            when: VerifyPhase::Offline,
        },
        may_break: Some("hosts with several interfaces and uneven routes"),
        waivable: true,
    },
    Control {
        id: "os.syncookies",
        group: Group::KernelNetwork,
        title: "A flood of connections does not fill the queue",
        cis: Some("3.3.10"),
        enforced: EnforcedBy::Image,
        applied: "sysctl",
        verify: Verify::Command {
            run: sysctl!("net.ipv4.tcp_syncookies=1"),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.martians-logged",
        group: Group::KernelNetwork,
        title: "Impossible packets are logged",
        cis: Some("3.3.9"),
        enforced: EnforcedBy::Image,
        applied: "sysctl",
        verify: Verify::Command {
            run: sysctl!("net.ipv4.conf.all.log_martians=1 net.ipv4.conf.default.log_martians=1"),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.broadcast-pings-ignored",
        group: Group::KernelNetwork,
        title: "Broadcast pings and bogus errors are ignored",
        cis: Some("3.3.4"),
        enforced: EnforcedBy::Image,
        applied: "sysctl",
        verify: Verify::Command {
            run: sysctl!(
                "net.ipv4.icmp_echo_ignore_broadcasts=1 net.ipv4.icmp_ignore_bogus_error_responses=1"
            ),
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.router-advertisements-off",
        group: Group::KernelNetwork,
        title: "No router advertises itself to a worker",
        cis: Some("3.3.11"),
        enforced: EnforcedBy::Image,
        applied: "sysctl",
        verify: Verify::Command {
            run: sysctl!("net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0"),
            when: VerifyPhase::Offline,
        },
        may_break: Some("IPv6 subnets, which the fleet does not use"),
        waivable: true,
    },
    Control {
        id: "os.rare-protocols-off",
        group: Group::KernelNetwork,
        title: "Rare network protocols cannot be loaded",
        cis: Some("3.2"),
        enforced: EnforcedBy::Image,
        applied: "modprobe",
        verify: Verify::Command {
            run: r#"for module in dccp sctp rds tipc; do modprobe -n -v "$module" 2>&1 | grep -q /bin/false || exit 1; done"#,
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.forwarding-off",
        group: Group::KernelNetwork,
        title: "A worker is no router",
        cis: Some("3.3.1"),
        enforced: EnforcedBy::Image,
        applied: "sysctl",
        verify: Verify::Command {
            run: sysctl!("net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0"),
            when: VerifyPhase::Offline,
        },
        may_break: Some("containers with a network of their own"),
        waivable: true,
    },
];
