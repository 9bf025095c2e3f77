//! What the machine image is made on, where it goes, and which controls it is made with.

use crate::catalog::controls::{self, Control};
use crate::fleet::{Architecture, Fleet, Image, Profile, Ssh};

/// The instance type that the image is made on.
#[must_use]
pub fn build_instance_type(image: &Image, architecture: Architecture) -> &str {
    image
        .build_instance_type
        .as_deref()
        .unwrap_or(match architecture {
            Architecture::X86_64 => "m6i.large",
            Architecture::Arm64 => "m6g.large",
        })
}

/// What an image's description says of the agent in it, which is readable in every account that the image is shared with;
/// tags are not. The agent of this version completes the launch lifecycle hook, and one that does not know the hook refuses the
/// configuration that names it.
pub const AGENT: &str = "valet-worker with launch-hook";

/// The SSM parameter that names the image that the fleet launches.
#[must_use]
pub fn parameter(image: &Image, path: &str) -> String {
    let shared = image.shared_by.as_ref();
    match shared.and_then(|shared| shared.parameter.as_ref()) {
        Some(parameter) => parameter.clone(),
        None => format!("{path}/ami"),
    }
}

/// The regions that get a copy, in the order of their names.
#[must_use]
pub fn regions(fleet: &Fleet) -> Vec<String> {
    let mut regions = fleet.image.regions.clone();
    if regions.is_empty() {
        regions.push(fleet.identity.region.clone());
    }
    regions.sort_unstable();
    regions
}

/// A region of an image that is shared, and the key of its snapshots there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageKey<'k> {
    pub region: &'k str,
    /// The ARN of a key that exists. `None` where Terraform makes one.
    pub existing: Option<&'k str>,
}

/// The key of each region that gets the image, in the order of the regions. There is none where the image is not shared:
/// the account's default keys encrypt it then, which no other account may use.
#[must_use]
pub fn keys<'k>(image: &'k Image, regions: &'k [String]) -> Vec<ImageKey<'k>> {
    if image.share_with.is_empty() {
        return Vec::new();
    }
    let of_region = |region: &'k String| ImageKey {
        region,
        existing: image.kms_keys.get(region).map(String::as_str),
    };
    regions.iter().map(of_region).collect()
}

/// What EC2 Instance Connect cannot do with: it is sshd that it connects to.
const WITHOUT_SSH: &str = "os.ssh-unit-masked";

/// Whether a control applies to the image, waivers aside.
#[must_use]
pub fn applies(control: &Control, profile: Profile, ssh: Ssh) -> bool {
    control.is_in(profile) && !(ssh == Ssh::InstanceConnect && control.id == WITHOUT_SSH)
}

/// The controls that the image is made with: those that apply, less the waivers.
#[must_use]
pub fn controls(image: &Image, ssh: Ssh) -> Vec<&'static Control> {
    let hardening = &image.hardening;
    let is_waived = |id: &str| hardening.waivers.iter().any(|waiver| waiver.control == id);
    controls::all()
        .filter(|control| applies(control, hardening.profile, ssh))
        .filter(|control| !is_waived(control.id))
        .collect()
}
