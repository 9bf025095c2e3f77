//! Rules about `valet_gen`, the version that a file is written for.

use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "valet_gen.malformed",
        severity: Severity::Error,
        title: "The generator's version has a major and a minor number",
        reason: "The two numbers decide what the rest of the file means, so they have to be readable.",
        run: malformed,
    },
    Rule {
        code: "valet_gen.other-version",
        severity: Severity::Error,
        title: "The file is written for this version of the generator",
        reason: "Before 1.0 a minor version may give a key another meaning. valet-gen does not read \
              a file with another meaning than its author's.",
        run: other_version,
    },
];

/// Major and minor number of a version, with or without a patch number.
fn numbers(version: &str) -> Option<(u64, u64)> {
    let numbers: Vec<u64> = version
        .split('.')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    match numbers.as_slice() {
        [major, minor] | [major, minor, _] => Some((*major, *minor)),
        _ => None,
    }
}

fn own_version() -> String {
    let own = env!("CARGO_PKG_VERSION");
    numbers(own).map_or_else(
        || own.to_owned(),
        |(major, minor)| format!("{major}.{minor}"),
    )
}

fn malformed(context: &Context<'_>, findings: &mut Findings) {
    let Some(version) = &context.fleet.valet_gen else {
        return;
    };
    if numbers(version).is_none() {
        findings.push(
            Finding::new(
                Path::of("valet_gen"),
                format!("`{version}` is not a version of valet-gen"),
            )
            .label("not of the form `major.minor`")
            .help(format!("write `valet_gen = \"{}\"`", own_version())),
        );
    }
}

fn other_version(context: &Context<'_>, findings: &mut Findings) {
    let Some(version) = &context.fleet.valet_gen else {
        return;
    };
    let Some(written_for) = numbers(version) else {
        return;
    };
    let own = own_version();
    if numbers(&own) != Some(written_for) {
        findings.push(
            Finding::new(
                Path::of("valet_gen"),
                format!(
                    "this file is written for valet-gen {version}, and this is valet-gen {own}"
                ),
            )
            .label("another version")
            .help(format!(
                "install valet-gen {version}, or read CHANGELOG.md and write `valet_gen = \
                 \"{own}\"`"
            )),
        );
    }
}
