//! `[image]`: what the machine image is made from, and which controls it is made with.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::controls::{Control, Proof, Verify};
use crate::derive::payload::PayloadOrigin;
use crate::fleet::{Architecture, BaseImage, Builder, ImageSource};
use crate::{derive, fleet};

use super::image_contents::{apt_sources, certificates, files, steps};

/// The golden machine image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Image {
    /// The base system.
    pub base: OperatingSystem,
    pub builder: Builder,
    /// Where Terraform reads the image from, where fleet.toml says so.
    pub source: Option<ImageSource>,
    /// The image of `images.lock` that Terraform launches; `None` where it reads the parameter. It is
    /// no part of fleet.toml: [`crate::images::apply`] fills it in.
    pub locked_ami: Option<String>,
    /// The instance type that the image is made on.
    pub build_instance_type: String,
    /// What its description says of the agent in it.
    pub agent: &'static str,
    /// Regions that get a copy, the fleet's own among them, in their order.
    pub regions: Vec<String>,
    /// Ids of accounts that may launch it, in their order.
    pub share_with: Vec<String>,
    /// The keys of its snapshots where it is shared, one for each region in the order of their names.
    pub keys: Vec<ImageKey>,
    /// The SSM parameter that names the image, where `images.lock` does not.
    pub parameter: String,
    /// The other account whose image is launched.
    pub shared_by: Option<fleet::SharedBy>,
    /// Images kept besides those in use.
    pub retain_count: u32,
    /// Days after which an image is marked as deprecated.
    pub deprecate_after_days: u32,
    /// Packages of fleet.toml, in their order.
    pub packages: Vec<String>,
    /// Certificates of authorities that the host trusts, in the order of their names.
    pub ca_certificates: Vec<fleet::CaCertificate>,
    /// Package sources besides the distribution's, in the order of their names.
    pub apt_sources: Vec<fleet::AptSource>,
    /// Files of the fleet's own, in the order of their paths.
    pub files: Vec<fleet::ImageFile>,
    /// Scripts of the fleet's own, in the order in which they are run.
    pub steps: Vec<fleet::ImageStep>,
    /// The programs that no package source has, by the name that each has in the image's `payload/`.
    /// The agent is not among them where it is this version's own.
    pub payload: BTreeMap<&'static str, PayloadFile>,
    /// Files that hold what looks like a secret and is none, in the order of their paths.
    pub secret_exceptions: Vec<String>,
    /// Ids of the controls that the image is made with: those of the profile that it enforces,
    /// less the waivers.
    pub controls: Vec<&'static str>,
    pub waivers: Vec<Waiver>,
    /// What `verify.sh` runs, in its order: whatever only holds in an image that nobody touched
    /// comes first, because the other commands write logs.
    pub checks: Vec<Check>,
}

/// A command that succeeds exactly where a control holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub control: &'static str,
    pub title: &'static str,
    pub run: &'static str,
    /// What it tells of an image.
    pub in_image: Proof,
    /// What it tells of a running host.
    pub on_host: Proof,
}

/// A program that no package source has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayloadFile {
    pub from: PayloadOrigin,
    /// Relative to fleet.toml, or an address.
    pub source: String,
    /// In 64 lower-case hexadecimal digits; there is one for every address.
    pub sha256: Option<String>,
}

/// The key of an image's snapshots in a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageKey {
    pub region: String,
    /// Whether it is the fleet's own region.
    pub is_home: bool,
    /// The ARN of a key that exists. `None` where Terraform makes one.
    pub existing: Option<String>,
}

/// The system that an image is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OperatingSystem {
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
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waiver {
    pub control: String,
    pub reason: String,
    /// The last day that it holds.
    pub expires: String,
}

pub fn resolve(fleet: &fleet::Fleet, path: &str) -> Image {
    let architecture = fleet.instances.architecture;
    let fleet::Image {
        base,
        builder,
        source,
        build_instance_type: _,
        regions: _,
        share_with,
        kms_keys: _,
        shared_by,
        retain:
            fleet::ImageRetention {
                count,
                deprecate_after_days,
            },
        packages,
        ca_certificates,
        apt_sources: declared_sources,
        files: declared_files,
        steps: declared_steps,
        payload,
        secret_exceptions,
        hardening: fleet::Hardening {
            profile: _,
            waivers,
        },
    } = &fleet.image;
    let active = derive::image::controls(&fleet.image, fleet.access.ssh);
    Image {
        base: system(*base, architecture, owner(&fleet.identity.region)),
        builder: *builder,
        source: *source,
        locked_ami: None,
        build_instance_type: derive::image::build_instance_type(&fleet.image, architecture)
            .to_owned(),
        agent: derive::image::AGENT,
        regions: derive::image::regions(fleet),
        share_with: sorted(share_with),
        keys: keys(fleet),
        parameter: derive::image::parameter(&fleet.image, path),
        shared_by: shared_by.clone(),
        retain_count: count.get(),
        deprecate_after_days: deprecate_after_days.get(),
        packages: sorted(packages),
        ca_certificates: certificates(ca_certificates),
        apt_sources: apt_sources(declared_sources),
        files: files(declared_files),
        steps: steps(declared_steps),
        payload: derive::payload::files(payload)
            .map(|(name, file)| (name, of_payload(file)))
            .collect(),
        secret_exceptions: paths(secret_exceptions),
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

fn keys(fleet: &fleet::Fleet) -> Vec<ImageKey> {
    let regions = derive::image::regions(fleet);
    derive::image::keys(&fleet.image, &regions)
        .into_iter()
        .map(|key| ImageKey {
            region: key.region.to_owned(),
            is_home: key.region == fleet.identity.region,
            existing: key.existing.map(str::to_owned),
        })
        .collect()
}

fn checks(active: &[&Control]) -> Vec<Check> {
    let mut checks: Vec<Check> = active.iter().filter_map(|control| check(control)).collect();
    // Stable: within each of the two the registry's order stays.
    checks.sort_by_key(|check| check.on_host != Proof::NotHere);
    checks
}

fn check(control: &Control) -> Option<Check> {
    let Verify::Command {
        run,
        in_image,
        on_host,
    } = control.verify
    else {
        return None;
    };
    Some(Check {
        control: control.id,
        title: control.title,
        run,
        in_image,
        on_host,
    })
}

fn paths(exceptions: &[fleet::SecretException]) -> Vec<String> {
    let mut paths: Vec<String> = exceptions
        .iter()
        .map(|exception| {
            let fleet::SecretException {
                path,
                // For whoever reviews fleet.toml.
                reason: _,
            } = exception;
            path.clone()
        })
        .collect();
    paths.sort_unstable();
    paths
}

fn of_payload(file: &fleet::PayloadSource) -> PayloadFile {
    let fleet::PayloadSource { source, sha256 } = file;
    PayloadFile {
        from: derive::payload::origin(source),
        source: source.clone(),
        sha256: sha256.clone(),
    }
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
fn system(base: BaseImage, architecture: Architecture, owner: &'static str) -> OperatingSystem {
    match (base, architecture) {
        (BaseImage::Ubuntu2404, Architecture::X86_64) => OperatingSystem {
            name: "ubuntu-24.04",
            codename: "noble",
            parameter: "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
            image_name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*",
            architecture: "amd64",
            owner,
            has_polkit_rules: true,
        },
        (BaseImage::Ubuntu2404, Architecture::Arm64) => OperatingSystem {
            name: "ubuntu-24.04",
            codename: "noble",
            parameter: "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id",
            image_name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*",
            architecture: "arm64",
            owner,
            has_polkit_rules: true,
        },
        (BaseImage::Ubuntu2204, Architecture::X86_64) => OperatingSystem {
            name: "ubuntu-22.04",
            codename: "jammy",
            parameter: "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
            image_name: "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
            architecture: "amd64",
            owner,
            has_polkit_rules: false,
        },
        (BaseImage::Ubuntu2204, Architecture::Arm64) => OperatingSystem {
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
