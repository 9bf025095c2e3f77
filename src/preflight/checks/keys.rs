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
        subject: "the keys of a shared image",
        scope: Scope::Environment,
        concerns_bakes: true,
        actions: &["kms:DescribeKey"],
        run: of_shared_image,
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

/// A key that fleet.toml names.
struct ExistingKey<'c> {
    path: Path,
    arn: &'c str,
    /// Where it has to be.
    used_from: &'c str,
}

/// Each existing key, with the path that names it.
fn keys<'c>(ctx: &'c Context<'_>) -> Vec<ExistingKey<'c>> {
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
    let home = environment.identity.region.as_str();
    let named = named
        .into_iter()
        .map(|(path, key)| (Path::of(path), key, home));
    let of_image = environment.image.keys.iter().map(|key| {
        let path = Path::of("image.kms_keys").key(&key.region);
        (path, key.existing.as_deref(), key.region.as_str())
    });
    let mut keys: Vec<ExistingKey<'_>> = Vec::new();
    for (path, arn, used_from) in named.chain(of_image) {
        if let Some(arn) = arn.filter(|arn| !keys.iter().any(|known| known.arn == *arn)) {
            keys.push(ExistingKey {
                path,
                arn,
                used_from,
            });
        }
    }
    keys
}

/// The region in the ARN of a key.
fn region_of(key: &str) -> &str {
    key.split(':').nth(3).unwrap_or_default()
}

fn usable(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    for ExistingKey {
        path,
        arn,
        used_from,
    } in keys(ctx)
    {
        let problem = if region_of(arn) == used_from {
            match facts.find(describe(region_of(arn), arn))? {
                None => Some("it is not there".to_owned()),
                Some(answer) => unusable(answer),
            }
        } else {
            Some(format!(
                "it is in {}, and the fleet in {used_from}",
                region_of(arn)
            ))
        };
        if let Some(problem) = problem {
            out.add(
                KEY_UNUSABLE,
                path,
                format!("the key cannot encrypt: {problem}"),
                "this key",
                format!(
                    "name a symmetric key of {} that is enabled, or ask its owners",
                    region_in_words(ctx, used_from)
                ),
            );
        }
    }
    Ok(())
}

fn region_in_words<'r>(ctx: &Context<'_>, region: &'r str) -> &'r str {
    if region == ctx.region() {
        "the fleet's region"
    } else {
        region
    }
}

fn describe(region: &str, key: &str) -> Call {
    Call::new(
        "kms",
        region,
        "DescribeKey",
        json!({ "KeyId": key }),
        &["KeyMetadata", "KeyState", "KeySpec", "KeyUsage"],
    )
}

/// Why a key encrypts no volume.
fn unusable(answer: &serde_json::Value) -> Option<String> {
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

/// The keys that Terraform makes for an image that is shared: without one a build fails when it is copied, after an hour.
fn of_shared_image(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    if !ctx.is_before_bake {
        return Ok(());
    }
    let made = ctx.environment.image.keys.iter();
    for key in made.filter(|key| key.existing.is_none()) {
        let alias = format!("alias/{}-image", ctx.prefix());
        let problem = match facts.find(describe(&key.region, &alias))? {
            None => Some("it is not there".to_owned()),
            Some(answer) => unusable(answer),
        };
        if let Some(problem) = problem {
            out.add(
                KEY_UNUSABLE,
                Path::of("image.share_with"),
                format!(
                    "the image cannot be shared in {}: the key {alias} there: {problem}",
                    key.region
                ),
                "the image is shared, and needs a key in each of its regions",
                format!(
                    "run `terraform apply` in generated/{}/terraform first, or name a key of {} in image.kms_keys",
                    ctx.environment.identity.environment, key.region
                ),
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
    // Terraform makes grants in the fleet's region alone.
    for ExistingKey { path, arn: key, .. } in keys(ctx)
        .into_iter()
        .filter(|key| region_of(key.arn) == ctx.region())
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
                path,
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
