//! Rules about `[fleet]` and the file as a whole.

use super::{Context, Finding, Findings, Rule};
use crate::catalog::{nearest, regions};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[Rule {
    code: "fleet.region-unknown",
    severity: Severity::Error,
    title: "The region is one of AWS's",
    why: "Every resource of the fleet is created in this region, and its zones are derived \
              from the region's name.",
    run: region_unknown,
}];

fn region_unknown(context: &Context<'_>, findings: &mut Findings) {
    let region = &context.fleet.identity.region;
    if regions::find(region).is_some() {
        return;
    }
    let names = regions::REGIONS.iter().map(|region| region.name);
    let help = match nearest(region, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write a region's code, such as `us-east-1`".to_owned(),
    };
    findings.push(
        Finding::new(
            Path::of("fleet.region"),
            format!("there is no AWS region `{region}`"),
        )
        .label("unknown region")
        .help(help),
    );
}
