//! File systems.

use super::control::{Control, EnforcedBy, Group, Proof, Verify, cis};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.dev-shm-noexec",
        group: Group::Mounts,
        title: "/dev/shm is mounted noexec",
        cis: cis("1.1.2.2", "mount_option_dev_shm_noexec"),
        enforced: EnforcedBy::Image,
        applied: "/etc/fstab",
        verify: Verify::Command {
            run: "mounted /dev/shm nodev nosuid noexec",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.tmp-separate",
        group: Group::Mounts,
        title: "/tmp is a separate file system, mounted nodev and nosuid",
        cis: cis("1.1.2.1", "partition_for_tmp"),
        enforced: EnforcedBy::Image,
        applied: "/etc/fstab",
        verify: Verify::Command {
            run: "mounted /tmp nodev nosuid",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.tmp-noexec",
        group: Group::Mounts,
        title: "/tmp is mounted noexec",
        cis: cis("1.1.2.1.4", "mount_option_tmp_noexec"),
        enforced: EnforcedBy::Image,
        applied: "/etc/fstab",
        verify: Verify::Command {
            run: "mounted /tmp noexec",
            in_image: Proof::Effect,
            on_host: Proof::Effect,
        },
        may_break: Some("programs that unpack themselves to /tmp and run from there"),
        waivable: true,
    },
];
