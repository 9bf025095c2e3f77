//! GitHub's provider of identities, where the rendered modules make it or trust it.

use serde_json::json;

use super::roles::{has_role, iam_region};
use crate::load::Path;
use crate::preflight::call::{Call, list, tags, text};
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::OIDC_PROVIDER;
use crate::preflight::facts::{Facts, Stop};
use crate::preflight::finding::Findings;
use crate::review::config::Module;

pub const CHECKS: &[Check] = &[Check {
    subject: "the OpenID Connect provider of GitHub",
    scope: Scope::Environment,
    concerns_bakes: false,
    actions: &[
        "iam:GetOpenIDConnectProvider",
        "iam:GetRole",
        "iam:ListOpenIDConnectProviders",
    ],
    run: provider,
}];

const KIND: &str = "aws_iam_openid_connect_provider";

/// The host that GitHub's tokens are issued by.
const ISSUER: &str = "token.actions.githubusercontent.com";

fn provider(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let name = &ctx.environment.identity.environment;
    let folder = format!("{name}/terraform/");
    let mut own = ctx
        .files
        .iter()
        .filter(|(path, _)| path.starts_with(&folder));
    if !own.any(|(_, text)| text.contains(ISSUER)) {
        return Ok(());
    }
    // The roles that trust it are made where Terraform's variable names a repository, and stay where it did once.
    if !ctx.names_repository && !has_role(ctx, facts, &format!("{}-ci-bake", ctx.prefix()))? {
        return Ok(());
    }
    let is_made = Module::read(ctx.files, &folder).is_ok_and(|module| {
        module
            .objects()
            .values()
            .any(|it| it.kind == KIND && !it.is_data)
    });
    let call = Call::new(
        "iam",
        iam_region(&ctx.caller.partition),
        "ListOpenIDConnectProviders",
        json!({}),
        &["OpenIDConnectProviderList", "Arn"],
    );
    let all = list(facts.get(call)?, "OpenIDConnectProviderList");
    let found = all
        .iter()
        .map(|it| text(it, "Arn"))
        .find(|arn| arn.ends_with(ISSUER));
    let path = || Path::of("image");
    match (found, is_made) {
        (None, false) => out.add(
            OIDC_PROVIDER,
            path(),
            format!("account {} has no OpenID Connect provider of GitHub", ctx.caller.account),
            "the roles for continuous integration trust it",
            format!("make it with `aws iam create-open-id-connect-provider --url https://{ISSUER} --client-id-list sts.amazonaws.com`"),
        ),
        (Some(arn), true) if !is_own(ctx, facts, arn)? => out.add(
            OIDC_PROVIDER,
            path(),
            format!("account {} has an OpenID Connect provider of GitHub already", ctx.caller.account),
            "Terraform would make a second one",
            format!("take it over with `terraform import` of {arn}"),
        ),
        _ => {}
    }
    Ok(())
}

fn is_own(ctx: &Context<'_>, facts: &Facts, arn: &str) -> Result<bool, Stop> {
    let call = Call::new(
        "iam",
        iam_region(&ctx.caller.partition),
        "GetOpenIDConnectProvider",
        json!({ "OpenIDConnectProviderArn": arn }),
        &["Tags", "Key", "Value"],
    );
    let tags = tags(&facts.get(call)?["Tags"]);
    Ok(ctx.is_own(&tags, &ctx.environment.identity.environment))
}
