//! Keys that fleet.toml names and Terraform does not make.

use serde_json::json;

use crate::load::Path;
use crate::preflight::call::{Answer, Call, text};
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::{KEY_GRANTS, KEY_POLICY, KEY_UNUSABLE};
use crate::preflight::facts::{Facts, Stop, is_denial, is_missing, not_known};
use crate::preflight::finding::Findings;

pub const CHECKS: &[Check] = &[
    Check {
        subject: "existing keys",
        scope: Scope::Environment,
        concerns_bakes: true,
        actions: &["kms:DescribeKey"],
        run: usable,
    },
    Check {
        subject: "grants on existing keys",
        scope: Scope::Environment,
        concerns_bakes: false,
        actions: &[],
        run: grants,
    },
    Check {
        subject: "the policy of an existing key",
        scope: Scope::Environment,
        concerns_bakes: false,
        actions: &["kms:GetKeyPolicy"],
        run: policy,
    },
];

/// Each existing key, by the path that names it.
fn keys<'c>(ctx: &'c Context<'_>) -> Vec<(&'static str, &'c str)> {
    let environment = ctx.environment;
    let shared = environment
        .image
        .shared_by
        .as_ref()
        .and_then(|it| it.kms_key.as_deref());
    let named = [
        ("encryption.kms_key", environment.existing_key.as_deref()),
        (
            "instances.root_volume.kms_key",
            environment.instances.root_volume.kms_key.as_deref(),
        ),
        ("image.shared_by.kms_key", shared),
    ];
    let mut keys: Vec<(&str, &str)> = Vec::new();
    for (path, key) in named {
        if let Some(key) = key.filter(|key| !keys.iter().any(|(_, known)| known == key)) {
            keys.push((path, key));
        }
    }
    keys
}

/// The region in the ARN of a key.
fn region_of(key: &str) -> &str {
    key.split(':').nth(3).unwrap_or_default()
}

fn usable(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    for (path, key) in keys(ctx) {
        let call = Call::new(
            "kms",
            region_of(key),
            "DescribeKey",
            json!({ "KeyId": key }),
            &["KeyMetadata", "KeyState", "KeySpec", "KeyUsage"],
        );
        let problem = if region_of(key) == ctx.region() {
            match facts.find(call)? {
                None => Some("it is not there".to_owned()),
                Some(answer) => {
                    let key = &answer["KeyMetadata"];
                    let (state, spec) = (text(key, "KeyState"), text(key, "KeySpec"));
                    if state != "Enabled" {
                        Some(format!("its state is {state}"))
                    } else if !matches!(spec, "" | "SYMMETRIC_DEFAULT") {
                        Some(format!(
                            "it is of {spec}, and volumes take only symmetric keys"
                        ))
                    } else {
                        None
                    }
                }
            }
        } else {
            Some(format!(
                "it is in {}, and the fleet in {}",
                region_of(key),
                ctx.region()
            ))
        };
        if let Some(problem) = problem {
            out.add(
                KEY_UNUSABLE,
                Path::of(path),
                format!("the key cannot encrypt: {problem}"),
                "this key",
                "name a symmetric key of the fleet's region that is enabled, or ask its owners",
            );
        }
    }
    Ok(())
}

/// KMS holds a dry run of `CreateGrant` against the key's policy and the caller's.
fn grants(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    if !ctx.with_dry_runs {
        return Ok(());
    }
    for (path, key) in keys(ctx)
        .into_iter()
        .filter(|(_, key)| region_of(key) == ctx.region())
    {
        let account = &ctx.caller.account;
        let call = Call::new(
            "kms",
            region_of(key),
            "CreateGrant",
            json!({
                "KeyId": key,
                "GranteePrincipal": format!("arn:{}:iam::{account}:root", ctx.caller.partition),
                "Operations": ["Decrypt"],
                "DryRun": true,
            }),
            &[],
        );
        match facts.answer(call.clone())? {
            Answer::Refused { code, message } if is_denial(code) => out.add(
                KEY_GRANTS,
                Path::of(path),
                "whoever runs this may not create a grant on the key",
                format!("{code}: {message}"),
                "ask the key's owners to allow `kms:CreateGrant` to it in the key's policy, or run preflight as who applies",
            ),
            // A dry run that would succeed; a key that is not there or off is told by another check.
            Answer::Refused { code, .. }
                if code.starts_with("DryRunOperation") || is_missing(code) || code == "KMSInvalidStateException" => {}
            answer => out.not_known(not_known(call.action(), answer)),
        }
    }
    Ok(())
}

fn policy(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let Some(key) = &ctx.environment.existing_key else {
        return Ok(());
    };
    // Only the owner of a key reads its policy.
    let is_own = key.split(':').nth(4) == Some(&ctx.caller.account);
    if !is_own || region_of(key) != ctx.region() {
        return Ok(());
    }
    let call = Call::new(
        "kms",
        region_of(key),
        "GetKeyPolicy",
        json!({ "KeyId": key, "PolicyName": "default" }),
        &["Policy"],
    );
    let Some(answer) = facts.find(call)? else {
        return Ok(());
    };
    let service = format!("logs.{}.", ctx.region());
    if !text(answer, "Policy").contains(&service) {
        out.add(
            KEY_POLICY,
            Path::of("encryption.kms_key"),
            format!(
                "the policy of the key does not name logs.{}.amazonaws.com",
                ctx.region()
            ),
            "log groups are encrypted with it",
            "give it the statements of Terraform's output `kms_key_policy`",
        );
    }
    Ok(())
}
