//! What an apply begins with, as dry runs: EC2 says whether it would be allowed, and makes nothing.

use serde_json::{Value, json};

use super::quotas::type_path;
use crate::load::Path;
use crate::preflight::call::{Answer, Call, text};
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::DENIED;
use crate::preflight::facts::{Facts, Stop, is_denial, not_known};
use crate::preflight::finding::Findings;

pub const CHECKS: &[Check] = &[Check {
    subject: "what may be made",
    scope: Scope::Environment,
    concerns_bakes: false,
    actions: &["ssm:GetParameter"],
    run: denials,
}];

/// What AWS says where a dry run would succeed.
const WOULD_SUCCEED: &str = "DryRunOperation";

/// A call of an apply.
struct Trial {
    operation: &'static str,
    input: Value,
    path: Path,
    /// What it is for, in words.
    purpose: &'static str,
}

fn trials(ctx: &Context<'_>, image: Option<&str>) -> Vec<Trial> {
    let network = &ctx.environment.network;
    let trial = |operation, input, path, purpose| Trial {
        operation,
        input,
        path,
        purpose,
    };
    let mut trials = Vec::new();
    if let Some(created) = &network.created {
        let input = json!({ "CidrBlock": created.cidr_block });
        trials.push(trial(
            "CreateVpc",
            input,
            ctx.declared_or("network.cidr_block", "network"),
            "make the VPC",
        ));
        if created.has_nat {
            trials.push(trial(
                "AllocateAddress",
                json!({ "Domain": "vpc" }),
                ctx.declared_or("network.nat_gateways", "network"),
                "get an address for a NAT gateway",
            ));
        }
    }
    let first = ctx.environment.instances.types.first();
    let Some(first) = first.map(|it| it.instance_type.as_str()) else {
        return trials;
    };
    trials.push(trial(
        "CreateLaunchTemplate",
        json!({
            "LaunchTemplateName": format!("{}-preflight", ctx.prefix()),
            "LaunchTemplateData": { "InstanceType": first },
        }),
        Path::of("instances"),
        "make a launch template",
    ));
    if let Some(image) = image {
        trials.push(trial(
            "RunInstances",
            json!({
                "ImageId": image,
                "InstanceType": first,
                "MinCount": 1,
                "MaxCount": 1,
                "MetadataOptions": { "HttpTokens": "required" },
            }),
            type_path(0),
            "start an instance",
        ));
    }
    trials
}

fn denials(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    if !ctx.with_dry_runs {
        return Ok(());
    }
    let image = &ctx.environment.image;
    // Of the base image where there is none yet: permissions are the same.
    let base = Call::new(
        "ssm",
        ctx.region(),
        "GetParameter",
        json!({ "Name": image.base.parameter }),
        &["Parameter", "Value"],
    );
    let image = match &image.locked_ami {
        Some(ami) => Some(ami.as_str()),
        None => facts.find(base)?.map(|it| text(&it["Parameter"], "Value")),
    };
    let mut is_pending = false;
    for Trial {
        operation,
        mut input,
        path,
        purpose,
    } in trials(ctx, image)
    {
        input["DryRun"] = Value::Bool(true);
        let call = Call::new("ec2", ctx.region(), operation, input, &[]);
        let Ok(answer) = facts.answer(call.clone()) else {
            is_pending = true;
            continue;
        };
        let (code, message) = match answer {
            Answer::Refused { code, message } if is_denial(code) => (code, message),
            // What has a quota is allowed before the quota is looked at.
            Answer::Refused { code, .. }
                if code == WOULD_SUCCEED || code.ends_with("LimitExceeded") =>
            {
                continue;
            }
            _ => {
                out.not_known(not_known(call.action(), answer));
                continue;
            }
        };
        let by = if message.contains("service control policy") {
            "a service control policy of the organization"
        } else if message.contains("permissions boundary") {
            "the permissions boundary of whoever runs this"
        } else {
            "the account"
        };
        out.add(
            DENIED,
            path,
            format!("ec2:{operation} is denied by {by}, so an apply cannot {purpose}"),
            format!("{code}: {}", message.split(" Encoded authorization failure message").next().unwrap_or(message)),
            "allow it to whoever applies, or run preflight as who applies; `--no-dry-run` leaves these questions out",
        );
    }
    if is_pending {
        Err(Stop::Pending)
    } else {
        Ok(())
    }
}
