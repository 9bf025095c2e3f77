//! Rules about `[instance_types]`, the types that the catalogue does not have.

use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use crate::catalog::instance_types;
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "instance_types.name-form",
        severity: Severity::Error,
        title: "An instance type is named by family and size",
        reason: "EC2's names are a family, a dot and a size, such as `m9x.large`. It refuses any other name, at apply.",
        run: name_form,
    },
    Rule {
        code: "instance_types.in-catalogue",
        severity: Severity::Error,
        title: "A declared instance type is newer than the catalogue",
        reason: "What the catalogue says of a type is what EC2 answers. A second set of facts could only differ from it.",
        run: in_catalogue,
    },
];

/// Longer than any name of EC2's.
const MAX_NAME: usize = 64;

fn path(name: &str) -> Path {
    Path::of("instance_types").key(name)
}

fn is_type_name(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let begins = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    let parts = name.split_once('.');
    begins
        && name.len() <= MAX_NAME
        && parts.is_some_and(|(family, size)| is_part(family) && is_part(size))
}

fn name_form(context: &Context<'_>, findings: &mut Findings) {
    for name in context.fleet.instance_types.keys() {
        if !is_type_name(name) {
            findings.push(
                Finding::new(
                    path(name),
                    format!("`{name}` is not the name of an instance type"),
                )
                .on_key()
                .label("not a family, a dot and a size")
                .help("write the name in quotes, such as [instance_types.\"m9x.large\"]"),
            );
        }
    }
}

fn in_catalogue(context: &Context<'_>, findings: &mut Findings) {
    for name in context.fleet.instance_types.keys() {
        if instance_types::find(name).is_some() {
            findings.push(
                Finding::new(path(name), format!("the catalogue already has {name}"))
                    .on_key()
                    .label("declared here")
                    .help(
                        "remove the table; a price of your own is `usd_per_hour` beside the type",
                    ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names() {
        assert!(
            is_type_name("m9x.large")
                && is_type_name("u-6tb1.metal")
                && is_type_name("c8i-flex.2xlarge")
        );
        for wrong in [
            "m9x",
            "m9x.",
            ".large",
            "M9x.large",
            "m9x large",
            "m9x.a.b",
            "9x.large",
            "m9x.lärge",
        ] {
            assert!(!is_type_name(wrong), "{wrong}");
        }
    }
}
