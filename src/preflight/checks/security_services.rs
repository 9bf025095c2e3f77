//! The account's security services, of which there is one in an account and region.

use serde_json::json;

use crate::catalog::resource_names::TRAIL;
use crate::load::Path;
use crate::preflight::call::{Call, flag, list, tags, text};
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::{
    DETECTOR_EXISTS, INSPECTOR_EXISTS, INSPECTOR_MANAGED, TRAIL_EXISTS, TRAIL_QUOTA,
};
use crate::preflight::facts::{Facts, Stop};
use crate::preflight::finding::Findings;
use crate::resolve::ACCOUNT;

pub const CHECKS: &[Check] = &[
    Check {
        subject: "GuardDuty",
        scope: Scope::Account,
        concerns_bakes: false,
        actions: &["guardduty:GetDetector", "guardduty:ListDetectors"],
        run: guardduty,
    },
    Check {
        subject: "CloudTrail",
        scope: Scope::Account,
        concerns_bakes: false,
        actions: &["cloudtrail:DescribeTrails"],
        run: cloudtrail,
    },
    Check {
        subject: "Inspector",
        scope: Scope::Account,
        concerns_bakes: false,
        actions: &[
            "inspector2:BatchGetAccountStatus",
            "inspector2:GetDelegatedAdminAccount",
        ],
        run: inspector,
    },
];

/// Trails of one region: CloudTrail's user guide, "Quotas".
const MAX_TRAILS: usize = 5;

/// The detectors of the region, and whether the account's module made one of them.
fn detectors(ctx: &Context<'_>, facts: &Facts) -> Result<Vec<(String, bool)>, Stop> {
    let ask = |operation, input, keep| Call::new("guardduty", ctx.region(), operation, input, keep);
    let ids = list(
        facts.get(ask("ListDetectors", json!({}), &["detectorIds"]))?,
        "detectorIds",
    );
    let mut detectors = Vec::new();
    for id in ids.iter().filter_map(|id| id.as_str()) {
        let detector = ask(
            "GetDetector",
            json!({ "detectorId": id }),
            &["tags", "ManagedBy", "Fleet", "Environment"],
        );
        let found = facts.get(detector)?;
        detectors.push((id.to_owned(), ctx.is_own(&tags(&found["tags"]), ACCOUNT)));
    }
    Ok(detectors)
}

fn guardduty(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    if !ctx.plan.account.audit.guardduty {
        return Ok(());
    }
    for (id, is_own) in detectors(ctx, facts)? {
        if !is_own {
            out.add(
                DETECTOR_EXISTS,
                Path::of("audit.guardduty"),
                format!("account {} has a GuardDuty detector in {}", ctx.caller.account, ctx.region()),
                format!("detector {id} is there"),
                format!("say `guardduty = false` in [audit], or take it over with `terraform import aws_guardduty_detector.account {id}`"),
            );
        }
    }
    Ok(())
}

fn trails(ctx: &Context<'_>) -> Call {
    Call::new(
        "cloudtrail",
        ctx.region(),
        "DescribeTrails",
        json!({ "includeShadowTrails": true }),
        &["trailList", "Name", "HomeRegion", "IsMultiRegionTrail"],
    )
}

fn own_trail(ctx: &Context<'_>) -> String {
    TRAIL.with(&ctx.plan.account.identity.prefix)
}

fn cloudtrail(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    if !ctx.plan.account.audit.cloudtrail {
        return Ok(());
    }
    let own = own_trail(ctx);
    let all = list(facts.get(trails(ctx))?, "trailList");
    let others = || all.iter().filter(|trail| text(trail, "Name") != own);
    if others().count() >= MAX_TRAILS {
        out.add(
            TRAIL_QUOTA,
            Path::of("audit.cloudtrail"),
            format!(
                "{} has {MAX_TRAILS} trails, which is the most that CloudTrail allows",
                ctx.region()
            ),
            format!("{own} would be one more"),
            "say `cloudtrail = false` in [audit], or delete a trail that nobody reads",
        );
        return Ok(());
    }
    if let Some(trail) = others().find(|trail| {
        flag(trail, "IsMultiRegionTrail") || text(trail, "HomeRegion") == ctx.region()
    }) {
        out.add(
            TRAIL_EXISTS,
            Path::of("audit.cloudtrail"),
            format!(
                "trail `{}` records the account's events already",
                text(trail, "Name")
            ),
            format!("{own} records them once more, for a price"),
            "say `cloudtrail = false` in [audit] where that trail is enough",
        );
    }
    Ok(())
}

fn inspector(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    if !ctx.plan.account.audit.inspector {
        return Ok(());
    }
    let ask =
        |operation, input, keep| Call::new("inspector2", ctx.region(), operation, input, keep);
    let status = ask(
        "BatchGetAccountStatus",
        json!({ "accountIds": [ctx.caller.account] }),
        &["accounts", "accountId", "resourceState", "ec2", "status"],
    );
    facts.want(status.clone());
    facts.want(trails(ctx));
    let administrator = ask(
        "GetDelegatedAdminAccount",
        json!({}),
        &["delegatedAdmin", "accountId"],
    );
    let administrator = facts
        .find(administrator)?
        .map(|it| text(&it["delegatedAdmin"], "accountId"));
    let accounts = list(facts.get(status)?, "accounts");
    let is_on = accounts
        .iter()
        .any(|it| text(&it["resourceState"]["ec2"], "status") == "ENABLED");
    if let Some(other) = administrator.filter(|it| !it.is_empty() && *it != ctx.caller.account) {
        if !is_on {
            out.add(
                INSPECTOR_MANAGED,
                Path::of("audit.inspector"),
                format!("account {other} manages Inspector for the organization"),
                format!("account {} cannot switch it on", ctx.caller.account),
                "say `inspector = false` in [audit], and ask that account's owners to switch on scans of EC2",
            );
        }
        return Ok(());
    }
    // Inspector's state has no tags: what the account's module made besides tells whether it was applied.
    let applied_before = detectors(ctx, facts)?.iter().any(|(_, is_own)| *is_own)
        || list(facts.get(trails(ctx))?, "trailList")
            .iter()
            .any(|it| text(it, "Name") == own_trail(ctx));
    if is_on && !applied_before {
        out.add(
            INSPECTOR_EXISTS,
            Path::of("audit.inspector"),
            format!(
                "Inspector scans the instances of account {} already",
                ctx.caller.account
            ),
            "a destroy of this module would switch it off for all",
            "say `inspector = false` in [audit], and leave it to whoever switched it on",
        );
    }
    Ok(())
}
