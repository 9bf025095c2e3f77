//! Profiles of `AppArmor`.

use super::control::{Control, EnforcedBy, Group, Proof, Verify, cis};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.apparmor-enforced",
        group: Group::Apparmor,
        title: "AppArmor profiles are enforced",
        cis: cis("1.3.1.1", "package_apparmor_installed"),
        enforced: EnforcedBy::Image,
        applied: "apparmor, enabled",
        verify: Verify::Command {
            run: "apparmor_enforces",
            in_image: Proof::Configuration,
            on_host: Proof::Effect,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.user-namespaces-restricted",
        group: Group::Apparmor,
        title: "Only browsers can create user namespaces",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "an AppArmor profile with `userns` for each browser, and kernel.apparmor_restrict_unprivileged_userns",
        verify: Verify::Command {
            run: "sysctl_is_if_known kernel.apparmor_restrict_unprivileged_userns=1 && only_browsers_make_namespaces",
            in_image: Proof::Configuration,
            on_host: Proof::Effect,
        },
        may_break: Some("other programs that create a sandbox of their own"),
        waivable: true,
    },
];
