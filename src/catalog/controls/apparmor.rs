//! Profiles of `AppArmor`.

use super::sysctl::sysctl;
use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[
    Control {
        id: "os.apparmor-enforced",
        group: Group::Apparmor,
        title: "AppArmor profiles are enforced",
        cis: Some("1.3.1.1"),
        enforced: EnforcedBy::Image,
        applied: "apparmor, enabled",
        verify: Verify::Command {
            run: "systemctl is-enabled -q apparmor.service",
            when: VerifyPhase::Offline,
        },
        may_break: None,
        waivable: true,
    },
    Control {
        id: "os.user-namespaces-restricted",
        group: Group::Apparmor,
        title: "Only browsers make user namespaces",
        cis: None,
        enforced: EnforcedBy::Image,
        applied: "an AppArmor profile with userns for each browser, and the switch that asks for one",
        verify: Verify::Command {
            run: concat!(
                sysctl!("kernel.apparmor_restrict_unprivileged_userns=1"),
                r#" && for browser in chromium adspower; do test ! -e /etc/apparmor.d/abi/4.0 || grep -qE '^[[:space:]]*userns,' "/etc/apparmor.d/valet-$browser" || exit 1; done"#
            ),
            when: VerifyPhase::Offline,
        },
        may_break: Some("programs besides the browsers that build a sandbox"),
        waivable: true,
    },
];
