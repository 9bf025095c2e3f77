//! Hardening controls: what holds on every worker, what makes it hold, and how it is proven.
//!
//! One file per group. An image or unit control is applied by the parts of the image's templates
//! that stand inside `{{#control "id"}}`, and proven by its own command; a control of Terraform is
//! marked in its templates by a comment `# Control: id`. `valet-gen audit` finds the marks in what
//! was rendered, so that the place it names is the real one.

mod adspower;
mod apparmor;
mod application;
mod audit;
mod aws;
mod control;
mod firewall;
mod image;
mod intrusion;
mod kernel;
mod kernel_network;
mod logging;
mod mounts;
mod network;
mod passwords;
mod permissions;
mod services;
mod ssh;
mod sudo;
mod units;
mod updates;
mod users;

pub use control::{
    CIS_BENCHMARK, CONTROL_MARKER, CisSection, Control, EnforcedBy, Group, Proof, Verify,
};

const GROUPS: [&[Control]; 21] = [
    network::CONTROLS,
    aws::CONTROLS,
    ssh::CONTROLS,
    updates::CONTROLS,
    services::CONTROLS,
    users::CONTROLS,
    passwords::CONTROLS,
    sudo::CONTROLS,
    audit::CONTROLS,
    logging::CONTROLS,
    intrusion::CONTROLS,
    firewall::CONTROLS,
    kernel_network::CONTROLS,
    kernel::CONTROLS,
    apparmor::CONTROLS,
    mounts::CONTROLS,
    permissions::CONTROLS,
    image::CONTROLS,
    units::CONTROLS,
    application::CONTROLS,
    adspower::CONTROLS,
];

/// Every control, group by group.
pub fn all() -> impl Iterator<Item = &'static Control> {
    GROUPS.into_iter().flatten()
}

/// The control of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Control> {
    all().find(|control| control.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique() {
        let ids: BTreeSet<&str> = all().map(|control| control.id).collect();
        assert_eq!(ids.len(), all().count());
    }

    #[test]
    fn only_what_is_inside_the_image_can_be_waived() {
        for control in all().filter(|control| control.waivable) {
            assert_eq!(control.enforced, EnforcedBy::Image, "{}", control.id);
        }
    }

    /// A command that can tell nothing anywhere verifies nothing.
    #[test]
    fn every_command_tells_something_of_the_image() {
        for control in all() {
            if let Verify::Command { in_image, .. } = control.verify {
                assert_ne!(in_image, Proof::NotHere, "{}", control.id);
            }
        }
    }

    /// What is inside the image is proven there, by a command.
    #[test]
    fn whoever_enforces_a_control_decides_how_it_is_verified() {
        for control in all() {
            let fits = match control.enforced {
                EnforcedBy::Image | EnforcedBy::Unit => {
                    matches!(control.verify, Verify::Command { .. })
                }
                EnforcedBy::Terraform | EnforcedBy::Agent => {
                    matches!(control.verify, Verify::Rendered(_))
                }
                EnforcedBy::Process => matches!(control.verify, Verify::People(_)),
            };
            assert!(fits, "{}", control.id);
        }
    }
}
