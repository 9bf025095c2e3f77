//! Every name that is rendered fits AWS's limit with the longest fleet that the rules accept, whatever template writes
//! it: the registry of names decides how long a fleet's name may be, and templates write names as well.

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use test_support::pipeline::{files_of, fixture_text, plan_of};
use valet_gen::catalog::resource_names::{ACCOUNT_NAMES, RESOURCE_NAMES, ResourceName};

/// The kind of name that a resource of Terraform has, as the registry calls it.
const KINDS: [(&str, &str); 16] = [
    ("aws_autoscaling_group", "Auto Scaling group"),
    ("aws_autoscaling_lifecycle_hook", "lifecycle hook"),
    ("aws_cloudtrail", "CloudTrail trail"),
    ("aws_cloudwatch_composite_alarm", "CloudWatch alarm"),
    ("aws_cloudwatch_event_rule", "EventBridge rule"),
    ("aws_cloudwatch_metric_alarm", "CloudWatch alarm"),
    ("aws_iam_policy", "IAM policy"),
    ("aws_iam_role", "IAM role"),
    ("aws_kms_alias", "KMS alias"),
    ("aws_launch_template", "launch template"),
    ("aws_s3_bucket", "S3 bucket"),
    ("aws_security_group", "security group"),
    ("aws_sns_topic", "SNS topic"),
    ("aws_sqs_queue", "SQS queue"),
    ("aws_ssm_document", "Systems Manager document"),
    ("aws_ssm_parameter", "Systems Manager parameter"),
];

/// Names with limits of their own that no registered name comes near: instance profiles (IAM API reference,
/// `CreateInstanceProfile`), scaling policies (EC2 Auto Scaling API reference, `PutScalingPolicy`), dashboards (CloudWatch API
/// reference, `PutDashboard`), log groups and metric filters (CloudWatch Logs API
/// reference, `CreateLogGroup` and `PutMetricFilter`) and grants (KMS API
/// reference, `CreateGrant`), in characters.
const OTHER_LIMITS: [(&str, usize); 7] = [
    ("aws_autoscaling_policy", 255),
    ("aws_cloudwatch_dashboard", 255),
    ("aws_cloudwatch_log_group", 512),
    ("aws_cloudwatch_log_metric_filter", 512),
    ("aws_kms_grant", 256),
    ("aws_ec2_instance_connect_endpoint", 255),
    ("aws_iam_instance_profile", 128),
];

/// What a resource calls its name.
const NAMES: [&str; 5] = [
    "name",
    "bucket",
    "alarm_name",
    "dashboard_name",
    "function_name",
];

/// What stands in a name and is known at apply, with the most characters that it has: a key of `for_each`, and the
/// account's id.
const MAX_KEY_CHARS: usize = "burstable".len();
const ACCOUNT_ID_CHARS: usize = 12;

/// The characters of a name that are not the prefix, for a name that has the prefix in it.
fn rest_of(name: &Expression, prefix: &str) -> Option<usize> {
    let text = match name {
        Expression::String(text) => text.value().clone(),
        Expression::StringTemplate(template) => {
            template.to_string().trim().trim_matches('"').to_owned()
        }
        _ => return None,
    };
    let (before, after) = text.split_once(prefix)?;
    // The prefix of a KMS alias does not count: the registry's limit is that of what follows it.
    let mut rest = before.trim_start_matches("alias/").len();
    let mut after = after;
    while let Some((plain, found)) = after.split_once("${") {
        let (variable, following) = found.split_once('}').expect("it ends");
        rest += plain.len();
        rest += if variable.contains("account_id") {
            ACCOUNT_ID_CHARS
        } else {
            MAX_KEY_CHARS
        };
        after = following;
    }
    Some(rest + after.len())
}

fn limit_of(kind: &str) -> Option<usize> {
    let registered = KINDS.iter().find(|(known, _)| *known == kind);
    let of_registry = registered.and_then(|(_, name)| {
        let mut all = RESOURCE_NAMES.iter().chain(ACCOUNT_NAMES);
        all.find(|known| known.kind == *name)
            .map(|known| known.limit)
    });
    let other = OTHER_LIMITS.iter().find(|(known, _)| *known == kind);
    of_registry.or(other.map(|(_, limit)| *limit))
}

fn longest_prefix(names: &[ResourceName]) -> usize {
    let lengths = names.iter().map(ResourceName::max_prefix_length);
    lengths.min().expect("there are names")
}

/// The names of a module that begin with the prefix, and what is wrong with each.
fn problems(text: &str, prefix: &str, longest: usize, seen: &mut usize) -> Vec<String> {
    let body: Body = text.parse().expect("HCL");
    let mut problems = Vec::new();
    for block in body.blocks().filter(|block| block.has_ident("resource")) {
        let kind = block.labels[0].as_str();
        for rest in names_of(block).filter_map(|name| rest_of(name, prefix)) {
            *seen += 1;
            match limit_of(kind) {
                None => problems.push(format!("{kind}: no registry knows its limit")),
                Some(limit) if longest + rest > limit => {
                    problems.push(format!(
                        "{kind}: {longest} + {rest} characters, and AWS allows {limit}"
                    ));
                }
                Some(_) => {}
            }
        }
    }
    problems
}

fn names_of(block: &Block) -> impl Iterator<Item = &Expression> {
    let attributes = block.body.attributes();
    let named = attributes.filter(|it| NAMES.contains(&it.key.as_str()));
    named.map(|attribute| &attribute.value)
}

#[test]
fn every_name_fits_with_the_longest_fleet() {
    let mut found = Vec::new();
    let mut seen = 0;
    for fixture in ["golden-full", "sizes", "networks"] {
        let plan = plan_of(&fixture_text(fixture));
        let identities = plan
            .environments
            .iter()
            .map(|environment| &environment.identity);
        let environments = identities.map(|identity| (identity, RESOURCE_NAMES));
        for (identity, names) in environments.chain([(&plan.account.identity, ACCOUNT_NAMES)]) {
            let longest = longest_prefix(names);
            let folder = format!("{}/terraform/", identity.environment);
            for (path, text) in files_of(&plan) {
                if path.starts_with(&folder) && path.ends_with(".tf") {
                    let wrong = problems(&text, &identity.prefix, longest, &mut seen);
                    found.extend(
                        wrong
                            .into_iter()
                            .map(|problem| format!("{path}: {problem}")),
                    );
                }
            }
        }
    }
    assert!(seen > 100, "{seen} names");
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_name_that_is_too_long_is_found() {
    let longest = longest_prefix(RESOURCE_NAMES);
    let role = |suffix: &str| {
        let text = format!("resource \"aws_iam_role\" \"x\" {{\n  name = \"a-b-{suffix}\"\n}}\n");
        problems(&text, "a-b", longest, &mut 0)
    };
    assert_eq!(role("worker"), Vec::<String>::new());
    assert_eq!(role(&"x".repeat(64)).len(), 1);
    let unknown = "resource \"aws_lambda_function\" \"x\" {\n  name = \"a-b-x\"\n}\n";
    assert_eq!(problems(unknown, "a-b", longest, &mut 0).len(), 1);
}
