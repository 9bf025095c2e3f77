//! Rules about `[fleet]`: the name and the region.

use super::identifiers::{KEBAB_CASE_HELP, did_you_mean, is_kebab_case};
use super::{Context, Finding, Findings, Rule};
use crate::catalog::resource_names::RESOURCE_NAMES;
use crate::catalog::{nearest, regions};
use crate::derive::identity::prefix;
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "fleet.name-form",
        severity: Severity::Error,
        title: "The fleet's name is made of lower-case letters, digits and single hyphens",
        why: "The name begins that of every resource. S3 buckets are the strictest of them: \
              lower-case letters, digits and hyphens (S3 user guide, bucket naming rules).",
        run: name_form,
    },
    Rule {
        code: "fleet.name-too-long",
        severity: Severity::Error,
        title: "Every resource's name is within AWS's limit",
        why: "Names are `<fleet>-<environment>` with something around it. IAM allows a role 64 \
              characters and S3 a bucket 63; both would fail only at apply.",
        run: name_too_long,
    },
    Rule {
        code: "fleet.region-unknown",
        severity: Severity::Error,
        title: "The region is one of AWS's",
        why: "Every resource of the fleet is created in this region, and its zones are derived \
              from the region's name.",
        run: region_unknown,
    },
];

fn name_form(context: &Context<'_>, findings: &mut Findings) {
    let name = &context.fleet.identity.name;
    if is_kebab_case(name) {
        return;
    }
    findings.push(
        Finding::new(
            Path::of("fleet.name"),
            format!("`{name}` is not a valid prefix for AWS resource names"),
        )
        .label("not a resource name")
        .help(format!("{KEBAB_CASE_HELP}, such as \"valet\"")),
    );
}

fn name_too_long(context: &Context<'_>, findings: &mut Findings) {
    let prefix = prefix(&context.fleet.identity, context.environment);
    let length = prefix.chars().count();
    let Some(tightest) = RESOURCE_NAMES
        .iter()
        .min_by_key(|name| name.max_prefix_length())
    else {
        return;
    };
    let longest = tightest.max_prefix_length();
    if length <= longest {
        return;
    }
    findings.push(
        Finding::new(
            Path::of("fleet.name"),
            format!("`{prefix}` is too long a prefix for AWS resource names"),
        )
        .label(format!("{length} characters with the environment's name"))
        .help(format!(
            "shorten the fleet's or the environment's name: together with the hyphen they may \
             have {longest} characters, because a {} has at most {}",
            tightest.kind, tightest.limit
        )),
    );
}

fn region_unknown(context: &Context<'_>, findings: &mut Findings) {
    let region = &context.fleet.identity.region;
    if regions::find(region).is_some() {
        return;
    }
    if region.starts_with("cn-") {
        findings.push(
            Finding::new(
                Path::of("fleet.region"),
                format!("the regions of AWS China, such as `{region}`, are not supported"),
            )
            .label("in a partition with services and prices of its own")
            .help("choose a commercial or a GovCloud region"),
        );
        return;
    }
    let names = regions::REGIONS.iter().map(|region| region.name);
    findings.push(
        Finding::new(
            Path::of("fleet.region"),
            format!("there is no AWS region `{region}`"),
        )
        .label("unknown region")
        .help(did_you_mean(
            nearest(region, names),
            "write a region's code, such as `us-east-1`",
        )),
    );
}
