//! Rules about `[fleet]`: the name and the region.

use super::finding::{Finding, Findings};
use super::identifiers::{KEBAB_CASE_HELP, did_you_mean, is_kebab_case};
use super::rule::{Context, Rule};
use crate::catalog::regions;
use crate::catalog::resource_names::{ACCOUNT_NAMES, RESOURCE_NAMES, ResourceName};
use crate::derive::identity::{ACCOUNT, prefix};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "fleet.name-form",
        severity: Severity::Error,
        title: "The fleet's name is made of lower-case letters, digits and single hyphens",
        reason: "The name is the prefix of every resource's name. S3 has the strictest rule: \
              lower-case letters, digits and hyphens (S3 user guide, bucket naming rules). Some \
              services reserve prefixes such as `aws`.",
        run: name_form,
    },
    Rule {
        code: "fleet.name-too-long",
        severity: Severity::Error,
        title: "Every resource's name is within AWS's limit",
        reason: "Names of resources contain `<fleet>-<environment>`. IAM allows 64 characters for a \
              role and S3 63 for a bucket; longer names fail only at apply.",
        run: name_too_long,
    },
    Rule {
        code: "fleet.region-unknown",
        severity: Severity::Error,
        title: "The region is an AWS region",
        reason: "Every resource of the fleet is created in this region, and its zones are derived \
              from the region's name.",
        run: region_unknown,
    },
];

fn name_form(context: &Context<'_>, findings: &mut Findings) {
    let name = &context.fleet.identity.name;
    if is_kebab_case(name) {
        reserved(name, findings);
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

/// Beginnings that a service keeps for AWS: it would refuse the fleet's resource at apply.
fn reserved(name: &str, findings: &mut Findings) {
    let mut names = RESOURCE_NAMES.iter().chain(ACCOUNT_NAMES);
    let Some((of, beginning)) = names.find_map(|of| {
        let beginning = of.naming.reserved_beginning(&of.with(name))?;
        Some((of, beginning))
    }) else {
        return;
    };
    findings.push(
        Finding::new(
            Path::of("fleet.name"),
            format!("names of AWS resources cannot begin with `{name}`"),
        )
        .label(format!(
            "{} reserves the prefix `{beginning}` for AWS",
            of.naming.service
        ))
        .help(format!(
            "choose a name that does not begin with `{beginning}`: the name of a {} is `{}`",
            of.kind,
            of.with(name)
        )),
    );
}

/// The name whose limit the prefix breaks by most, with that prefix.
fn name_too_long(context: &Context<'_>, findings: &mut Findings) {
    let identity = &context.fleet.identity;
    let tightest = |environment: &str, names: &'static [ResourceName]| {
        let prefix = prefix(identity, environment);
        let name = names.iter().min_by_key(|name| name.max_prefix_length())?;
        let excess = prefix
            .chars()
            .count()
            .checked_sub(name.max_prefix_length())?;
        (excess > 0).then_some((excess, prefix, name))
    };
    let of_environment = tightest(context.environment, RESOURCE_NAMES);
    let of_account = tightest(ACCOUNT, ACCOUNT_NAMES);
    let worst = of_environment.into_iter().chain(of_account);
    let Some((_, prefix, tightest)) = worst.max_by_key(|(excess, ..)| *excess) else {
        return;
    };
    let length = prefix.chars().count();
    let longest = tightest.max_prefix_length();
    findings.push(
        Finding::new(
            Path::of("fleet.name"),
            format!("`{prefix}` is too long a prefix for AWS resource names"),
        )
        .label(format!("{length} characters with the environment's name"))
        .help(format!(
            "shorten the fleet's or the environment's name: `<fleet>-<environment>` may have \
             {longest} characters, because the name of the {} may have {}",
            tightest.kind, tightest.limit
        )),
    );
}

/// How the regions of partitions begin whose services and endpoints the catalogue does not have.
const UNSUPPORTED: [(&str, &str); 4] = [
    ("cn-", "AWS China"),
    ("eusc-", "the AWS European Sovereign Cloud"),
    ("us-iso", "AWS's isolated partitions"),
    ("eu-iso", "AWS's isolated partitions"),
];

fn region_unknown(context: &Context<'_>, findings: &mut Findings) {
    let region = &context.fleet.identity.region;
    if regions::find(region).is_some() {
        return;
    }
    let mut unsupported = UNSUPPORTED.into_iter();
    if let Some((_, of)) = unsupported.find(|(beginning, _)| region.starts_with(beginning)) {
        findings.push(
            Finding::new(
                Path::of("fleet.region"),
                format!("the regions of {of}, such as `{region}`, are not supported"),
            )
            .label("a separate partition, with other services and prices")
            .help("choose a commercial or a GovCloud region"),
        );
        return;
    }
    findings.push(
        Finding::new(
            Path::of("fleet.region"),
            format!("there is no AWS region `{region}`"),
        )
        .label("unknown region")
        .help(did_you_mean(
            regions::guess(region),
            "write a region's code, such as `us-east-1`",
        )),
    );
}
