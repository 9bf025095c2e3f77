//! Rules about the zones.

use super::super::finding::{Finding, Findings};
use super::super::identifiers::{did_you_mean, duplicates};
use super::super::rule::{Context, Rule};
use crate::catalog::regions::MAX_ZONES;
use crate::catalog::{most_similar, regions};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "network.zones-none",
        severity: Severity::Error,
        title: "There is at least one zone",
        reason: "Without a zone there is no subnet, and without a subnet no instance.",
        run: none,
    },
    Rule {
        code: "network.zones-differ",
        severity: Severity::Error,
        title: "Zones are declared in regions where accounts see different ones",
        reason: "In us-west-1 an account sees two of three zones, and which two differs between \
              accounts (EC2 user guide, Availability Zones). AWS refuses a subnet in a zone that \
              the account does not see, at apply.",
        run: differ,
    },
    Rule {
        code: "network.zones-too-many",
        severity: Severity::Error,
        title: "There are at most six zones",
        reason: "No region has more, and the VPC's range is divided for as many.",
        run: too_many,
    },
    Rule {
        code: "network.zone-twice",
        severity: Severity::Error,
        title: "Every zone is listed once",
        reason: "Each zone gets one private subnet, so a second entry adds no zone.",
        run: twice,
    },
    Rule {
        code: "network.zone-not-in-region",
        severity: Severity::Error,
        title: "Every zone is in the fleet's region",
        reason: "AWS refuses a subnet in another region's zone, at apply.",
        run: not_in_region,
    },
];

fn declared<'a>(context: &Context<'a>) -> &'a [String] {
    context
        .fleet
        .network
        .availability_zones
        .as_deref()
        .unwrap_or_default()
}

fn path() -> Path {
    Path::of("network.availability_zones")
}

fn none(context: &Context<'_>, findings: &mut Findings) {
    let zones = &context.fleet.network.availability_zones;
    if zones.as_ref().is_some_and(Vec::is_empty) {
        findings.push(
            Finding::new(path(), "the fleet has no Availability Zone")
                .label("an empty list")
                .help("list one to six zones, or leave out `availability_zones` for the region's first three"),
        );
    }
}

fn differ(context: &Context<'_>, findings: &mut Findings) {
    let network = &context.fleet.network;
    let Some(region) = regions::find(&context.fleet.identity.region) else {
        return;
    };
    let leaves_them_open = network.existing.is_none() && network.availability_zones.is_none();
    if leaves_them_open && !region.same_zones_for_all {
        let name = region.name;
        findings.push(
            Finding::new(
                Path::of("fleet.region"),
                format!(
                    "the zones of {name} differ between accounts, and \
                         `network.availability_zones` is not set"
                ),
            )
            .label("valet-gen does not know which zones your account sees")
            .help(format!(
                "list them in `network.availability_zones`; `aws ec2 describe-availability-zones \
                 --region {name}` prints them"
            )),
        );
    }
}

fn too_many(context: &Context<'_>, findings: &mut Findings) {
    let count = declared(context).len();
    if count > MAX_ZONES {
        findings.push(
            Finding::new(
                path(),
                format!("{count} Availability Zones are more than any region has"),
            )
            .on_key()
            .label(format!("at most {MAX_ZONES}"))
            .help("list two or three zones: that survives the loss of one"),
        );
    }
}

fn twice(context: &Context<'_>, findings: &mut Findings) {
    let zones = declared(context);
    for (index, first) in duplicates(zones) {
        findings.push(
            Finding::new(
                path().index(index),
                format!("zone `{}` is listed twice", zones[index]),
            )
            .label("listed again")
            .related(path().index(first), "listed here first")
            .help("remove one of them"),
        );
    }
}

fn not_in_region(context: &Context<'_>, findings: &mut Findings) {
    let Some(region) = regions::find(&context.fleet.identity.region) else {
        return;
    };
    // Whatever is beyond the sixth is too many, wherever it lies.
    for (index, zone) in declared(context).iter().enumerate().take(MAX_ZONES) {
        if region.has_zone(zone) {
            continue;
        }
        let known: Vec<String> = region.zones().collect();
        let near = most_similar(zone, known.iter().map(String::as_str));
        // A zone of another region resembles this region's zones, and none of them is meant.
        let near = near.filter(|_| zone.to_ascii_lowercase().starts_with(region.name));
        // People know zones by their letters.
        let letter = format!("{}{}", region.name, zone.to_ascii_lowercase());
        let near = near.or_else(|| {
            let mut named = known.iter().map(String::as_str);
            named.find(|name| *name == letter)
        });
        findings.push(
            Finding::new(
                path().index(index),
                format!("`{zone}` is not a zone of {}", region.name),
            )
            .label("not in the region")
            .related(Path::of("fleet.region"), "the region")
            .help(did_you_mean(
                near,
                &format!("its zones are {}", known.join(", ")),
            )),
        );
    }
}
