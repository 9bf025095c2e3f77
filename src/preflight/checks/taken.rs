//! How each kind of resource is looked for by its name.

use serde_json::{Map, Value, json};

use super::roles::iam_region;
use crate::preflight::call::{Answer, Call, list, tags, text};
use crate::preflight::check::Context;
use crate::preflight::facts::{Facts, Stop};

/// What is known of a name.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    No,
    /// By a resource with these tags.
    By(Map<String, Value>),
    /// By another account's resource, or one that whoever asks may not see.
    ByOthers,
    /// By a secret that is about to be deleted.
    BySecretToDelete,
}

type Known = Result<Taken, Stop>;

/// Looks for a name of one kind.
pub type Find = fn(&Context<'_>, &Facts, &str) -> Known;

/// The kinds of resources of Terraform whose names are looked for, and how.
pub const KINDS: &[(&str, Find)] = &[
    ("aws_autoscaling_group", group),
    ("aws_cloudwatch_log_group", log_group),
    ("aws_iam_instance_profile", instance_profile),
    ("aws_iam_policy", policy),
    ("aws_iam_role", role),
    ("aws_iam_service_linked_role", role),
    ("aws_kms_alias", alias),
    ("aws_launch_template", launch_template),
    ("aws_s3_bucket", bucket),
    ("aws_secretsmanager_secret", secret),
    ("aws_ssm_document", document),
    ("aws_ssm_parameter", parameter),
];

/// All that this file asks, as IAM names it.
pub const ACTIONS: &[&str] = &[
    "autoscaling:DescribeAutoScalingGroups",
    "ec2:DescribeLaunchTemplates",
    "iam:GetInstanceProfile",
    "iam:GetPolicy",
    "iam:GetRole",
    "kms:ListAliases",
    "kms:ListResourceTags",
    "logs:DescribeLogGroups",
    "logs:ListTagsForResource",
    "s3:GetBucketTagging",
    "s3:ListBucket",
    "secretsmanager:DescribeSecret",
    "ssm:DescribeDocument",
    "ssm:DescribeParameters",
    "ssm:ListTagsForResource",
];

fn by(value: &Value) -> Taken {
    Taken::By(tags(value))
}

fn iam(
    ctx: &Context<'_>,
    facts: &Facts,
    operation: &'static str,
    input: Value,
    member: &'static str,
) -> Known {
    let keep: &'static [&'static str] = match member {
        "Role" => &["Role", "Tags", "Key", "Value"],
        "Policy" => &["Policy", "Tags", "Key", "Value"],
        _ => &["InstanceProfile", "Tags", "Key", "Value"],
    };
    let call = Call::new(
        "iam",
        iam_region(&ctx.caller.partition),
        operation,
        input,
        keep,
    );
    Ok(facts
        .find(call)?
        .map_or(Taken::No, |answer| by(&answer[member]["Tags"])))
}

fn role(ctx: &Context<'_>, facts: &Facts, name: &str) -> Known {
    iam(ctx, facts, "GetRole", json!({ "RoleName": name }), "Role")
}

fn instance_profile(ctx: &Context<'_>, facts: &Facts, name: &str) -> Known {
    let input = json!({ "InstanceProfileName": name });
    iam(ctx, facts, "GetInstanceProfile", input, "InstanceProfile")
}

fn policy(ctx: &Context<'_>, facts: &Facts, name: &str) -> Known {
    let path = ctx.environment.iam.path.as_deref().unwrap_or("/");
    let arn = format!(
        "arn:{}:iam::{}:policy{path}{name}",
        ctx.caller.partition, ctx.caller.account
    );
    iam(
        ctx,
        facts,
        "GetPolicy",
        json!({ "PolicyArn": arn }),
        "Policy",
    )
}

fn group(ctx: &Context<'_>, facts: &Facts, name: &str) -> Known {
    let call = Call::new(
        "autoscaling",
        ctx.region(),
        "DescribeAutoScalingGroups",
        json!({ "AutoScalingGroupNames": [name] }),
        &["AutoScalingGroups", "Tags", "Key", "Value"],
    );
    let found = list(facts.get(call)?, "AutoScalingGroups").first();
    Ok(found.map_or(Taken::No, |group| by(&group["Tags"])))
}

fn launch_template(ctx: &Context<'_>, facts: &Facts, name: &str) -> Known {
    let call = Call::new(
        "ec2",
        ctx.region(),
        "DescribeLaunchTemplates",
        json!({ "Filter": [{ "Name": "launch-template-name", "Value": [name] }] }),
        &["launchTemplates", "tagSet", "key", "value"],
    );
    let found = list(facts.get(call)?, "launchTemplates").first();
    Ok(found.map_or(Taken::No, |template| by(&template["tagSet"])))
}

fn log_group(ctx: &Context<'_>, facts: &Facts, name: &str) -> Known {
    let call = Call::new(
        "logs",
        ctx.region(),
        "DescribeLogGroups",
        json!({ "logGroupNamePrefix": name }),
        &["logGroups", "logGroupName", "arn"],
    );
    let found = list(facts.get(call)?, "logGroups")
        .iter()
        .find(|it| text(it, "logGroupName") == name);
    let Some(found) = found else {
        return Ok(Taken::No);
    };
    let call = Call::new(
        "logs",
        ctx.region(),
        "ListTagsForResource",
        json!({ "resourceArn": text(found, "arn").trim_end_matches(":*") }),
        &["tags", "ManagedBy", "Fleet", "Environment"],
    );
    Ok(by(&facts.get(call)?["tags"]))
}

fn alias(ctx: &Context<'_>, facts: &Facts, name: &str) -> Known {
    let call = Call::new(
        "kms",
        ctx.region(),
        "ListAliases",
        json!({}),
        &["Aliases", "AliasName", "TargetKeyId"],
    );
    let found = list(facts.get(call)?, "Aliases")
        .iter()
        .find(|it| text(it, "AliasName") == name);
    let Some(found) = found else {
        return Ok(Taken::No);
    };
    let call = Call::new(
        "kms",
        ctx.region(),
        "ListResourceTags",
        json!({ "KeyId": text(found, "TargetKeyId") }),
        &["Tags", "TagKey", "TagValue"],
    );
    Ok(by(&facts.get(call)?["Tags"]))
}

/// Names of buckets are taken in all accounts at once.
fn bucket(ctx: &Context<'_>, facts: &Facts, name: &str) -> Known {
    let input = json!({ "Bucket": name });
    let head = Call::new("s3", ctx.region(), "HeadBucket", input.clone(), &[]);
    match facts.answer(head.clone())? {
        Answer::Refused { code, .. } if code == "403" => return Ok(Taken::ByOthers),
        // In another region.
        Answer::Refused { code, .. } if code == "301" => return Ok(Taken::By(Map::new())),
        _ => {}
    }
    if facts.find(head)?.is_none() {
        return Ok(Taken::No);
    }
    let tagging = Call::new(
        "s3",
        ctx.region(),
        "GetBucketTagging",
        input,
        &["TagSet", "Key", "Value"],
    );
    Ok(facts
        .find(tagging)?
        .map_or(Taken::By(Map::new()), |answer| by(&answer["TagSet"])))
}

fn secret(ctx: &Context<'_>, facts: &Facts, name: &str) -> Known {
    let call = Call::new(
        "secretsmanager",
        ctx.region(),
        "DescribeSecret",
        json!({ "SecretId": name }),
        &["DeletedDate", "Tags", "Key", "Value", "VersionIdsToStages"],
    );
    Ok(match facts.find(call)? {
        None => Taken::No,
        Some(answer) if answer.get("DeletedDate").is_some_and(|it| !it.is_null()) => {
            Taken::BySecretToDelete
        }
        Some(answer) => by(&answer["Tags"]),
    })
}

fn of_systems_manager(ctx: &Context<'_>, facts: &Facts, kind: &str, name: &str) -> Known {
    let call = Call::new(
        "ssm",
        ctx.region(),
        "ListTagsForResource",
        json!({ "ResourceType": kind, "ResourceId": name }),
        &["TagList", "Key", "Value"],
    );
    Ok(by(&facts.get(call)?["TagList"]))
}

fn document(ctx: &Context<'_>, facts: &Facts, name: &str) -> Known {
    let call = Call::new(
        "ssm",
        ctx.region(),
        "DescribeDocument",
        json!({ "Name": name }),
        &["Document", "Name"],
    );
    match facts.find(call)? {
        None => Ok(Taken::No),
        Some(_) => of_systems_manager(ctx, facts, "Document", name),
    }
}

/// A parameter by its name, and its version, but not its value.
#[must_use]
pub fn parameter_of(region: &str, name: &str) -> Call {
    Call::new(
        "ssm",
        region,
        "DescribeParameters",
        json!({ "ParameterFilters": [{ "Key": "Name", "Option": "Equals", "Values": [name] }] }),
        &["Parameters", "Name", "Version"],
    )
}

fn parameter(ctx: &Context<'_>, facts: &Facts, name: &str) -> Known {
    if list(facts.get(parameter_of(ctx.region(), name))?, "Parameters").is_empty() {
        return Ok(Taken::No);
    }
    of_systems_manager(ctx, facts, "Parameter", name)
}
