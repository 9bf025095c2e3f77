//! Service-linked roles that Terraform does not make.

use serde_json::json;

use crate::derive;
use crate::fleet::Builder;
use crate::preflight::call::Call;
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::SERVICE_LINKED_ROLE;
use crate::preflight::facts::{Facts, Stop};
use crate::preflight::finding::Findings;

pub const CHECKS: &[Check] = &[
    Check {
        subject: "the service-linked role for spot instances",
        scope: Scope::Environment,
        concerns_bakes: false,
        actions: &["iam:GetRole"],
        run: spot,
    },
    Check {
        subject: "the service-linked role of Image Builder",
        scope: Scope::Environment,
        concerns_bakes: true,
        actions: &["iam:GetRole"],
        run: image_builder,
    },
];

/// The region that IAM, which has none, is signed for.
#[must_use]
pub fn iam_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    }
}

/// Whether the account has a role.
///
/// # Errors
/// When that is not known yet, or cannot be.
pub fn has_role(ctx: &Context<'_>, facts: &Facts, role: &str) -> Result<bool, Stop> {
    let call = Call::new(
        "iam",
        iam_region(&ctx.caller.partition),
        "GetRole",
        json!({ "RoleName": role }),
        &["Role", "RoleName"],
    );
    Ok(facts.find(call)?.is_some())
}

fn spot(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    if !derive::scaling::uses_spot(ctx.fleet) || has_role(ctx, facts, "AWSServiceRoleForEC2Spot")? {
        return Ok(());
    }
    out.add(
        SERVICE_LINKED_ROLE,
        ctx.declared_or("instances.on_demand_percentage_above_base_capacity", "instances"),
        format!("account {} has never launched a spot instance: AWSServiceRoleForEC2Spot is missing", ctx.caller.account),
        "some of the instances are spot instances",
        "run `aws iam create-service-linked-role --aws-service-name spot.amazonaws.com`, once in the account",
    );
    Ok(())
}

fn image_builder(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let image = &ctx.environment.image;
    if image.builder != Builder::ImageBuilder
        || image.shared_by.is_some()
        || has_role(ctx, facts, "AWSServiceRoleForImageBuilder")?
    {
        return Ok(());
    }
    out.add(
        SERVICE_LINKED_ROLE,
        ctx.declared_or("image.builder", "image"),
        format!("account {} has never used Image Builder: AWSServiceRoleForImageBuilder is missing", ctx.caller.account),
        "Image Builder makes the image",
        "run `aws iam create-service-linked-role --aws-service-name imagebuilder.amazonaws.com`, once in the account",
    );
    Ok(())
}
