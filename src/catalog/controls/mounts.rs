//! File systems.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.dev-shm-noexec",
        group: Group::Mounts,
        title: "Nothing under /dev/shm can be executed",
        cis: Some("1.1.2.2"),
        enforced: EnforcedBy::Image,
        applied: "/etc/fstab",
        verify: Verify::Command {
            run: "findmnt --tab-file /etc/fstab -no OPTIONS /dev/shm | grep -q 'nodev,nosuid,noexec'",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.tmp-separate",
        group: Group::Mounts,
        title: "/tmp is a file system of its own, without devices and set-user-id",
        cis: Some("1.1.2.1"),
        enforced: EnforcedBy::Image,
        applied: "/etc/fstab",
        verify: Verify::Command {
            run: "findmnt --tab-file /etc/fstab -no OPTIONS /tmp | grep -q 'nodev,nosuid'",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.tmp-noexec",
        group: Group::Mounts,
        title: "Nothing under /tmp can be executed",
        cis: Some("1.1.2.1.4"),
        enforced: EnforcedBy::Image,
        applied: "/etc/fstab",
        verify: Verify::Command {
            run: "findmnt --tab-file /etc/fstab -no OPTIONS /tmp | grep -q noexec",
            when: VerifyPhase::Offline,
        },
        may_break: Some("programs that unpack themselves there"),
        waivable: true,
    },
];
