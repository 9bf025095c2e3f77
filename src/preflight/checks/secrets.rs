//! Secrets that hold no value yet. No value is read.

use serde_json::json;

use super::taken::parameter_of;
use crate::load::Path;
use crate::preflight::call::{Call, list, number};
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::SECRET_PLACEHOLDER;
use crate::preflight::facts::{Facts, Stop};
use crate::preflight::finding::Findings;

pub const CHECKS: &[Check] = &[Check {
    subject: "values of secrets",
    scope: Scope::Environment,
    concerns_bakes: false,
    actions: &["secretsmanager:DescribeSecret", "ssm:DescribeParameters"],
    run: placeholders,
}];

/// Terraform gives its placeholder this label, which stays behind when a value comes.
const PLACEHOLDER_LABEL: &str = "valet-gen-placeholder";

fn placeholders(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let secrets = &ctx.environment.secrets;
    let path = |name: &str| format!("{}/{name}", ctx.environment.identity.path);
    let described = |name: &str| {
        Call::new(
            "secretsmanager",
            ctx.region(),
            "DescribeSecret",
            json!({ "SecretId": path(name) }),
            &["DeletedDate", "Tags", "Key", "Value", "VersionIdsToStages"],
        )
    };
    secrets
        .parameters
        .keys()
        .for_each(|name| facts.want(parameter_of(ctx.region(), &path(name))));
    secrets
        .secrets
        .keys()
        .for_each(|name| facts.want(described(name)));
    let mut waiting = Vec::new();
    for name in secrets.parameters.keys() {
        let answer = facts.get(parameter_of(ctx.region(), &path(name)))?;
        // Terraform made version 1.
        let version = list(answer, "Parameters")
            .first()
            .and_then(|it| number(it, "Version"));
        if version.is_some_and(|it| it <= 1.0) {
            waiting.push(name);
        }
    }
    for name in secrets.secrets.keys() {
        let Some(answer) = facts.find(described(name))? else {
            continue;
        };
        let versions = answer["VersionIdsToStages"]
            .as_object()
            .into_iter()
            .flatten();
        let mut current = versions.filter(|(_, labels)| {
            labels
                .as_array()
                .is_some_and(|it| it.iter().any(|it| it == "AWSCURRENT"))
        });
        let has_placeholder = current.any(|(_, labels)| {
            labels
                .as_array()
                .is_some_and(|it| it.iter().any(|it| it == PLACEHOLDER_LABEL))
        });
        if has_placeholder {
            waiting.push(name);
        }
    }
    for name in waiting {
        out.add(
            SECRET_PLACEHOLDER,
            Path::of("secrets").key(name),
            format!("{} has Terraform's placeholder and no value", path(name)),
            "workers wait for it",
            format!(
                "run `valet-gen secrets push {name} --environment {}`",
                ctx.environment.identity.environment
            ),
        );
    }
    Ok(())
}
