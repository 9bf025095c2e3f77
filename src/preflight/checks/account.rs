//! Whose account it is, and whether it has the region.

use serde_json::json;

use crate::load::Path;
use crate::preflight::call::{Call, list, text};
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::{OTHER_ACCOUNT, REGION_DISABLED};
use crate::preflight::facts::{Facts, Stop};
use crate::preflight::finding::Findings;

pub const CHECKS: &[Check] = &[
    Check {
        subject: "whose account it is",
        scope: Scope::Environment,
        concerns_bakes: true,
        actions: &[],
        run: other_account,
    },
    Check {
        subject: "whether the region is on",
        scope: Scope::Environment,
        concerns_bakes: true,
        actions: &["ec2:DescribeRegions"],
        run: region,
    },
];

#[expect(
    clippy::unnecessary_wraps,
    reason = "every check has this form; this one asks nothing"
)]
fn other_account(ctx: &Context<'_>, _: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let account = &ctx.caller.account;
    let terraform = &ctx.environment.terraform;
    if let Some(role) = &terraform.provider_role_arn {
        // arn:partition:iam::account:role/name
        let of_role = role.split(':').nth(4).unwrap_or_default();
        if of_role != account {
            out.add(
                OTHER_ACCOUNT,
                Path::of("terraform.provider_role_arn"),
                format!(
                    "the credentials are of account {account}, and Terraform works in {of_role}"
                ),
                format!("a role of account {of_role}"),
                format!(
                    "assume the role, or sign in to account {of_role}, and run preflight again"
                ),
            );
        }
        return Ok(());
    }
    let allowed = &terraform.allowed_account_ids;
    if !allowed.is_empty() && !allowed.contains(account) {
        out.add(
            OTHER_ACCOUNT,
            Path::of("terraform.allowed_account_ids"),
            format!("the credentials are of account {account}, which Terraform may not change"),
            format!("account {account} is not named here"),
            "choose the profile of an account that is named, such as with AWS_PROFILE, or name this one",
        );
    }
    Ok(())
}

fn region(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let region = ctx.region();
    // Asked where every account may ask.
    let home = match ctx.caller.partition.as_str() {
        "aws" => "us-east-1",
        _ => region,
    };
    let call = Call::new(
        "ec2",
        home,
        "DescribeRegions",
        json!({ "AllRegions": true, "RegionName": [region] }),
        &["regionInfo", "regionName", "optInStatus"],
    );
    let answer = facts.get(call)?;
    let found = list(answer, "regionInfo")
        .iter()
        .find(|it| text(it, "regionName") == region);
    if found.is_some_and(|it| text(it, "optInStatus") == "not-opted-in") {
        out.add(
            REGION_DISABLED,
            Path::of("fleet.region"),
            format!("account {} has {region} switched off", ctx.caller.account),
            "not opted in",
            format!("switch it on with `aws account enable-region --region-name {region}`, or choose another region"),
        );
    }
    Ok(())
}
