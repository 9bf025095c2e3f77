//! Rules about `[image]`, its hardening aside.

use super::finding::{Finding, Findings};
use super::identifiers::{did_you_mean, duplicates, is_account_id};
use super::rule::{Context, Rule};
use crate::catalog::{instance_types, regions};
use crate::derive;
use crate::derive::instances::facts;
use crate::diagnostic::Severity;
use crate::fleet::BaseImage;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "image.package-name",
        severity: Severity::Error,
        title: "Packages are named as Debian names them",
        reason: "Debian policy manual, 5.6.1: at least two of lower-case letters, digits and + - ., \
              beginning with a letter or digit. Other text could be read as an option or a \
              command.",
        run: package_name,
    },
    Rule {
        code: "image.package-twice",
        severity: Severity::Error,
        title: "Every package is listed once",
        reason: "Most often the second entry was meant to be another package.",
        run: package_twice,
    },
    Rule {
        code: "image.account-id",
        severity: Severity::Error,
        title: "Images are shared with account ids",
        reason: "An AWS account's id has 12 digits.",
        run: account_id,
    },
    Rule {
        code: "image.account-twice",
        severity: Severity::Error,
        title: "Every account is listed once",
        reason: "EC2 Image Builder refuses a distribution that lists an account twice.",
        run: account_twice,
    },
    Rule {
        code: "image.region-unknown",
        severity: Severity::Error,
        title: "Images are copied to AWS regions",
        reason: "A copy to a region that does not exist fails after the image is built. AWS copies no image from one \
              partition to another, such as from a commercial region to GovCloud.",
        run: region_unknown,
    },
    Rule {
        code: "image.region-twice",
        severity: Severity::Error,
        title: "Every region is listed once",
        reason: "EC2 Image Builder refuses a distribution that lists a region twice.",
        run: region_twice,
    },
    Rule {
        code: "image.region-missing",
        severity: Severity::Error,
        title: "The image is copied to the fleet's region",
        reason: "The launch template starts workers from the copy in the fleet's region.",
        run: region_missing,
    },
    Rule {
        code: "image.key-region",
        severity: Severity::Error,
        title: "Every key of the image is of a region that gets the image",
        reason: "A KMS key encrypts snapshots of its own region. One of a region without a copy is used by nothing: \
              most often the region is missing, or spelt in another way.",
        run: key_region,
    },
    Rule {
        code: "image.key-not-shared",
        severity: Severity::Error,
        title: "Keys of the image are named where it is shared",
        reason: "Without `share_with` the image is encrypted with the account's default key of each region, and \
              `kms_keys` would be ignored.",
        run: key_not_shared,
    },
    Rule {
        code: "image.build-type-unknown",
        severity: Severity::Error,
        title: "The build instance's type is in the catalogue",
        reason: "The catalogue tells the architecture of the image.",
        run: build_type_unknown,
    },
    Rule {
        code: "image.build-type-architecture",
        severity: Severity::Error,
        title: "The build instance has the fleet's architecture",
        reason: "An image has the architecture of the instance that builds it.",
        run: build_type_architecture,
    },
    Rule {
        code: "image.base-ending",
        severity: Severity::Warning,
        title: "The base image has standard support for years to come",
        reason: "Standard support of Ubuntu 22.04 ends in 2027; without it there are no security \
              updates.",
        run: base_ending,
    },
];

/// Whether a text is the name of a package.
pub fn is_package_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() >= 2
        && name.bytes().next().is_some_and(plain)
        && name
            .bytes()
            .all(|byte| plain(byte) || matches!(byte, b'+' | b'-' | b'.'))
}

fn package_name(context: &Context<'_>, findings: &mut Findings) {
    for (index, name) in context.fleet.image.packages.iter().enumerate() {
        if !is_package_name(name) {
            findings.push(
                Finding::new(
                    Path::of("image.packages").index(index),
                    format!("invalid package name `{name}`"),
                )
                .label("not the name of a package")
                .help("use the name that `apt-cache search` prints, without a version"),
            );
        }
    }
}

/// Reports every repeated entry of a list.
fn each_once(list: &[String], key: &str, what: &str, findings: &mut Findings) {
    for (index, first) in duplicates(list) {
        findings.push(
            Finding::new(
                Path::of(key).index(index),
                format!("{what} `{}` is listed twice", list[index]),
            )
            .label("listed again")
            .related(Path::of(key).index(first), "listed here first")
            .help("remove one of them"),
        );
    }
}

fn package_twice(context: &Context<'_>, findings: &mut Findings) {
    let packages = &context.fleet.image.packages;
    each_once(packages, "image.packages", "package", findings);
}

fn account_id(context: &Context<'_>, findings: &mut Findings) {
    let image = &context.fleet.image;
    let shared_with = image.share_with.iter().enumerate();
    let owner = image.shared_by.as_ref().map(|shared| {
        let path = Path::of("image.shared_by.account_id");
        (path, &shared.account_id)
    });
    let all = shared_with.map(|(index, id)| (Path::of("image.share_with").index(index), id));
    for (path, id) in all.chain(owner) {
        if !is_account_id(id) {
            findings.push(
                Finding::new(path, format!("`{id}` is not the id of an AWS account"))
                    .label("not 12 digits")
                    .help("write the 12 digits without hyphens, in quotes"),
            );
        }
    }
}

fn account_twice(context: &Context<'_>, findings: &mut Findings) {
    let accounts = &context.fleet.image.share_with;
    each_once(accounts, "image.share_with", "account", findings);
}

fn region_unknown(context: &Context<'_>, findings: &mut Findings) {
    let own = regions::find(&context.fleet.identity.region);
    for (index, region) in context.fleet.image.regions.iter().enumerate() {
        let partitions = own.zip(regions::find(region));
        if let Some((own, other)) = partitions.filter(|(a, b)| a.partition() != b.partition()) {
            findings.push(
                Finding::new(
                    Path::of("image.regions").index(index),
                    format!("no image is copied from {} to {region}", own.name),
                )
                .label(format!("a region of the partition {}", other.partition()))
                .related(Path::of("fleet.region"), format!("of {}", own.partition()))
                .help(format!(
                    "remove it, and bake the image of {region} there, from a fleet.toml of its own"
                )),
            );
        }
        if regions::find(region).is_none() {
            findings.push(
                Finding::new(
                    Path::of("image.regions").index(index),
                    format!("there is no AWS region `{region}`"),
                )
                .label("unknown region")
                .help(did_you_mean(
                    regions::guess(region),
                    "write a region's code, such as `us-east-1`",
                )),
            );
        }
    }
}

fn region_twice(context: &Context<'_>, findings: &mut Findings) {
    let regions = &context.fleet.image.regions;
    each_once(regions, "image.regions", "region", findings);
}

fn region_missing(context: &Context<'_>, findings: &mut Findings) {
    let (regions, own) = (&context.fleet.image.regions, &context.fleet.identity.region);
    if !regions.is_empty() && !regions.contains(own) {
        findings.push(
            Finding::new(
                Path::of("image.regions"),
                format!("the fleet's own region, {own}, gets no image"),
            )
            .label(format!("{own} is missing"))
            .related(Path::of("fleet.region"), "the fleet's region")
            .help(format!("add \"{own}\", or leave out `regions`")),
        );
    }
}

fn key_region(context: &Context<'_>, findings: &mut Findings) {
    let regions = derive::image::regions(context.fleet);
    for region in context.fleet.image.kms_keys.keys() {
        if regions.contains(region) {
            continue;
        }
        let similar = regions::guess(region).filter(|guess| regions.iter().any(|it| it == guess));
        findings.push(
            Finding::new(
                Path::of("image.kms_keys").key(region),
                format!("the image has no copy in `{region}`"),
            )
            .label("a key that nothing uses")
            .help(did_you_mean(
                similar,
                &format!(
                    "add it to `regions`, or remove this line; the image goes to {}",
                    regions.join(", ")
                ),
            )),
        );
    }
}

fn key_not_shared(context: &Context<'_>, findings: &mut Findings) {
    let image = &context.fleet.image;
    if image.share_with.is_empty() && !image.kms_keys.is_empty() {
        findings.push(
            Finding::new(
                Path::of("image.kms_keys"),
                "the image is shared with nobody, and these keys encrypt only one that is",
            )
            .label("would be ignored")
            .help("name the accounts in `share_with`, or remove `kms_keys`"),
        );
    }
}

fn build_type_unknown(context: &Context<'_>, findings: &mut Findings) {
    let declared = context.fleet.image.build_instance_type.as_deref();
    let Some(name) = declared.filter(|name| facts(name, &context.fleet.instance_types).is_none())
    else {
        return;
    };
    let architecture = context.fleet.instances.architecture;
    let near = instance_types::similar(name, architecture)
        .into_iter()
        .next();
    findings.push(
        Finding::new(
            Path::of("image.build_instance_type"),
            format!("the catalogue has no instance type `{name}`"),
        )
        .label("unknown type")
        .help(did_you_mean(near, "write a type such as \"m6i.large\"")),
    );
}

fn build_type_architecture(context: &Context<'_>, findings: &mut Findings) {
    // Left out, it goes by the architecture.
    let Some(name) = &context.fleet.image.build_instance_type else {
        return;
    };
    let architecture = context.fleet.instances.architecture;
    let Some(facts) =
        facts(name, &context.fleet.instance_types).filter(|facts| !facts.runs(architecture))
    else {
        return;
    };
    findings.push(
        Finding::new(
            Path::of("image.build_instance_type"),
            format!(
                "an image built on {name} does not run on {}",
                architecture.as_str()
            ),
        )
        .label(format!("builds an image for {}", facts.architectures()))
        .help("use one of the fleet's instance types, or leave out `build_instance_type`"),
    );
}

fn base_ending(context: &Context<'_>, findings: &mut Findings) {
    if context.fleet.image.base == BaseImage::Ubuntu2204 {
        findings.push(
            Finding::new(
                Path::of("image.base"),
                "standard support of Ubuntu 22.04 ends in 2027",
            )
            .label("no security updates after that")
            .help("use \"ubuntu-24.04\""),
        );
    }
}
