//! `[image]`: what the machine image is made from, and which controls it is made with.

use serde::Serialize;

use crate::catalog::controls::{self, Control, Verify, When};
use crate::fleet::{self, Architecture, Base, Builder, Profile, Ssh};

/// The golden machine image.
#[derive(Clone, Debug, Serialize)]
pub struct Image {
    /// The base system.
    pub base: System,
    pub builder: Builder,
    /// The instance type that the image is made on.
    pub build_instance_type: String,
    /// Regions that get a copy, the fleet's own among them, in their order.
    pub regions: Vec<String>,
    /// Ids of accounts that may launch it, in their order.
    pub share_with: Vec<String>,
    /// Images kept besides those in use.
    pub retain_count: u32,
    /// Days after which an image is marked as deprecated.
    pub deprecate_after_days: u32,
    /// Packages of fleet.toml, in their order.
    pub packages: Vec<String>,
    /// Ids of the controls that the image is made with: those of the profile that it enforces,
    /// less the waivers.
    pub controls: Vec<&'static str>,
    pub waivers: Vec<Waiver>,
    /// What `verify.sh` runs, in its order: whatever only holds in an image that nobody touched
    /// comes first, because the other commands write logs.
    pub checks: Vec<Check>,
}

/// A command that succeeds exactly where a control holds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Check {
    pub control: &'static str,
    pub title: &'static str,
    pub run: &'static str,
    pub when: When,
}

/// The system that an image is made from.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct System {
    /// Such as `ubuntu-24.04`.
    pub name: &'static str,
    /// The name of its suite in package archives.
    pub codename: &'static str,
    /// The public parameter in which Canonical keeps the id of its newest image.
    pub parameter: &'static str,
    /// The pattern of its images' names, for what cannot read parameters.
    pub image_name: &'static str,
    /// Debian's name of the architecture.
    pub architecture: &'static str,
    /// The account that publishes its images: Canonical has one in each partition.
    pub owner: &'static str,
    /// Whether its polkit can be told which units the agent may manage. Rules that look at a unit are
    /// JavaScript, which polkit reads from 0.106 on; Ubuntu 22.04 has 0.105.
    pub has_polkit_rules: bool,
}

/// A control that does not apply.
#[derive(Clone, Debug, Serialize)]
pub struct Waiver {
    pub control: String,
    pub reason: String,
    /// The last day that it holds.
    pub expires: String,
}

pub fn resolve(
    image: &fleet::Image,
    identity: &fleet::Identity,
    architecture: Architecture,
    ssh: Ssh,
) -> Image {
    let fleet::Image {
        base,
        builder,
        build_instance_type,
        regions,
        share_with,
        retain: fleet::Retain {
            count,
            deprecate_after_days,
        },
        packages,
        hardening: fleet::Hardening { profile, waivers },
    } = image;
    let active = active(*profile, waivers, ssh);
    Image {
        base: system(*base, architecture, owner(&identity.region)),
        builder: *builder,
        build_instance_type: build_instance_type.clone().unwrap_or_else(|| {
            match architecture {
                Architecture::X86_64 => "m6i.large",
                Architecture::Arm64 => "m6g.large",
            }
            .to_owned()
        }),
        regions: sorted(if regions.is_empty() {
            std::slice::from_ref(&identity.region)
        } else {
            regions
        }),
        share_with: sorted(share_with),
        retain_count: count.get(),
        deprecate_after_days: deprecate_after_days.get(),
        packages: sorted(packages),
        controls: active.iter().map(|control| control.id).collect(),
        checks: checks(&active),
        waivers: waivers
            .iter()
            .map(|waiver| Waiver {
                control: waiver.control.clone(),
                reason: waiver.reason.clone(),
                expires: waiver.expires.0.to_string(),
            })
            .collect(),
    }
}

/// What EC2 Instance Connect cannot do with: it is sshd that it connects to.
const WITHOUT_SSH: &str = "os.ssh-unit-masked";

/// The controls of a profile, less the waivers and what fleet.toml's own way in rules out.
fn active(profile: Profile, waivers: &[fleet::Waiver], ssh: Ssh) -> Vec<&'static Control> {
    let is_waived = |id: &str| waivers.iter().any(|waiver| waiver.control == id);
    let is_ruled_out = |id: &str| ssh == Ssh::InstanceConnect && id == WITHOUT_SSH;
    controls::all()
        .filter(|control| control.is_in(profile))
        .filter(|control| !is_waived(control.id) && !is_ruled_out(control.id))
        .collect()
}

fn checks(active: &[&Control]) -> Vec<Check> {
    let mut checks: Vec<Check> = active.iter().filter_map(|control| check(control)).collect();
    // Stable: within each of the two the registry's order stays.
    checks.sort_by_key(|check| check.when != When::Pristine);
    checks
}

fn check(control: &Control) -> Option<Check> {
    let Verify::Command { run, when } = control.verify else {
        return None;
    };
    Some(Check {
        control: control.id,
        title: control.title,
        run,
        when,
    })
}

fn sorted(texts: &[String]) -> Vec<String> {
    let mut sorted = texts.to_vec();
    sorted.sort_unstable();
    sorted
}

/// Canonical's accounts, from the same page as its names.
fn owner(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "837727238323",
        _ if region.starts_with("us-gov-") => "513442679011",
        _ => "099720109477",
    }
}

/// Canonical's names, <https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/>.
fn system(base: Base, architecture: Architecture, owner: &'static str) -> System {
    match (base, architecture) {
        (Base::Ubuntu2404, Architecture::X86_64) => System {
            name: "ubuntu-24.04",
            codename: "noble",
            parameter: "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
            image_name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*",
            architecture: "amd64",
            owner,
            has_polkit_rules: true,
        },
        (Base::Ubuntu2404, Architecture::Arm64) => System {
            name: "ubuntu-24.04",
            codename: "noble",
            parameter: "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id",
            image_name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*",
            architecture: "arm64",
            owner,
            has_polkit_rules: true,
        },
        (Base::Ubuntu2204, Architecture::X86_64) => System {
            name: "ubuntu-22.04",
            codename: "jammy",
            parameter: "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
            image_name: "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
            architecture: "amd64",
            owner,
            has_polkit_rules: false,
        },
        (Base::Ubuntu2204, Architecture::Arm64) => System {
            name: "ubuntu-22.04",
            codename: "jammy",
            parameter: "/aws/service/canonical/ubuntu/server/22.04/stable/current/arm64/hvm/ebs-gp2/ami-id",
            image_name: "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-*",
            architecture: "arm64",
            owner,
            has_polkit_rules: false,
        },
    }
}
