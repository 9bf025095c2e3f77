//! Rules about `[iam]`: the path of roles, and what workers may do besides what the fleet needs.

use super::arn_kind::Arn;
use super::backend::is_bucket_name;
use super::finding::{Finding, Findings};
use super::iam_statements::{statement_broad, statement_form};
use super::identifiers::duplicates;
use super::rule::{Context, Rule};
use crate::derive::identity;
use crate::derive::secrets::{ROLE_POLICY_CHARACTERS, role_policy_characters};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "iam.path-form",
        severity: Severity::Error,
        title: "The path of roles has the form that IAM accepts",
        reason: "IAM API reference, CreateRole: a path begins and ends with `/`, has printable ASCII \
              characters without blanks, and at most 512 of them. What is below `/aws-service-role/` and \
              `/aws-reserved/` is AWS's own.",
        run: path_form,
    },
    Rule {
        code: "iam.managed-policy-broad",
        severity: Severity::Error,
        title: "Workers have no managed policy that gives them the account",
        reason: "Whoever takes over a page in a worker's browser may get at the instance's role. \
              AmazonSSMManagedInstanceCore reads every parameter of the account, other fleets' secrets \
              included; the role has what Session Manager needs without it.",
        run: managed_policy_broad,
    },
    Rule {
        code: "iam.managed-policy-twice",
        severity: Severity::Error,
        title: "Every managed policy is listed once",
        reason: "IAM attaches a policy to a role once; a second entry has no effect.",
        run: managed_policy_twice,
    },
    Rule {
        code: "iam.s3-access",
        severity: Severity::Error,
        title: "Objects in S3 are named by a bucket and the beginning of their keys",
        reason: "A wildcard in either would reach other buckets or objects than the line says. S3 keys do \
              not begin with `/`, and have at most 1,024 bytes.",
        run: s3_access,
    },
    Rule {
        code: "iam.statement-form",
        severity: Severity::Error,
        title: "Statements list actions and resources as IAM reads them",
        reason: "IAM refuses a policy with any other entry, after half of the apply is done.",
        run: statement_form,
    },
    Rule {
        code: "iam.statement-broad",
        severity: Severity::Error,
        title: "No statement allows every action of a service on everything, or hands out others' rights",
        reason: "Whoever takes over a page in a worker's browser may get at the instance's role. Actions such as \
              `iam:PassRole` or `ssm:GetParameter` on `*` make that the account, or every secret in it.",
        run: statement_broad,
    },
    Rule {
        code: "iam.profile-of-others",
        severity: Severity::Error,
        title: "The role of an existing instance profile is its owners'",
        reason: "With `instance_profile` the workers have no role of the fleet's own that these keys could be about.",
        run: profile_of_others,
    },
    Rule {
        code: "iam.profile-name",
        severity: Severity::Error,
        title: "An existing instance profile is named as IAM names it",
        reason: "IAM API reference, CreateInstanceProfile: 1 to 128 letters, digits and + = , . @ - _. The launch template \
              takes the name, without path and ARN.",
        run: profile_name,
    },
    Rule {
        code: "iam.policy-too-long",
        severity: Severity::Error,
        title: "Statements fit into the policies of the workers' role beside the fleet's own",
        reason: "IAM takes 10,240 characters of inline policies per role (IAM user guide, IAM and AWS STS \
              quotas), and the apply would stop half way.",
        run: policy_too_long,
    },
];

/// Managed policies that give away the account, or every secret of it, by the end of their ARNs.
const BROAD: [&str; 5] = [
    "policy/AdministratorAccess",
    "policy/AmazonSSMFullAccess",
    "policy/IAMFullAccess",
    "policy/PowerUserAccess",
    "policy/AmazonSSMManagedInstanceCore",
];

/// How paths begin that IAM accepts from AWS's services alone.
const AWS_PATHS: [&str; 2] = ["/aws-service-role/", "/aws-reserved/"];

fn path_form(context: &Context<'_>, findings: &mut Findings) {
    const MAX_PATH_CHARS: usize = 512;
    let path = &context.fleet.iam.path;
    let is_printable = path.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    let is_whole = path.starts_with('/') && path.ends_with('/') && !path.contains("//");
    let label = if AWS_PATHS.iter().any(|start| path.starts_with(start)) {
        "reserved for roles that AWS makes"
    } else if !is_printable || !is_whole || path.len() > MAX_PATH_CHARS {
        "not a path"
    } else {
        return;
    };
    findings.push(
        Finding::new(
            Path::of("iam.path"),
            format!("`{path}` is not a path that IAM accepts"),
        )
        .label(label)
        .help("write a path such as \"/teams/browsers/\""),
    );
}

fn managed_policy_broad(context: &Context<'_>, findings: &mut Findings) {
    for (index, policy) in context.fleet.iam.managed_policies.iter().enumerate() {
        let is_aws = Arn::parse(policy).is_some_and(|arn| arn.account == "aws");
        let Some(broad) = BROAD.iter().find(|end| is_aws && policy.ends_with(*end)) else {
            continue;
        };
        let name = broad.trim_start_matches("policy/");
        findings.push(
            Finding::new(
                Path::of("iam.managed_policies").index(index),
                format!("`{name}` gives a worker more than a fleet can need"),
            )
            .label("reaches other systems of the account")
            .help("remove it, and list what the workers do in `iam.s3` or `iam.statements`"),
        );
    }
}

fn managed_policy_twice(context: &Context<'_>, findings: &mut Findings) {
    let policies = &context.fleet.iam.managed_policies;
    let path = |index| Path::of("iam.managed_policies").index(index);
    for (index, first) in duplicates(policies) {
        findings.push(
            Finding::new(
                path(index),
                format!("`{}` is listed twice", policies[index]),
            )
            .label("listed again")
            .related(path(first), "listed here first")
            .help("remove one of them"),
        );
    }
}

fn profile_of_others(context: &Context<'_>, findings: &mut Findings) {
    let iam = &context.fleet.iam;
    if iam.instance_profile.is_none() {
        return;
    }
    let keys = [
        ("managed_policies", iam.managed_policies.is_empty()),
        ("s3", iam.s3.is_empty()),
        ("ecr_repositories", iam.ecr_repositories.is_empty()),
        ("statements", iam.statements.is_empty()),
    ];
    for (key, _) in keys.into_iter().filter(|(_, is_empty)| !is_empty) {
        findings.push(
            Finding::new(
                Path::of("iam").key(key),
                format!(
                    "`{key}` is about the fleet's own role, and this fleet uses an existing one"
                ),
            )
            .on_key()
            .label("has no effect with `instance_profile`")
            .related(
                Path::of("iam.instance_profile"),
                "the existing instance profile",
            )
            .help(format!(
                "remove `{key}`, and have the profile's owners allow it"
            )),
        );
    }
}

fn profile_name(context: &Context<'_>, findings: &mut Findings) {
    const MAX_NAME_CHARS: usize = 128;
    let Some(name) = &context.fleet.iam.instance_profile else {
        return;
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    let label = if name.is_empty() || name.len() > MAX_NAME_CHARS {
        "not 1 to 128 characters"
    } else if !name.bytes().all(is_plain) {
        "not a name"
    } else {
        return;
    };
    let of_arn = Arn::parse(name).and_then(|arn| arn.resource.strip_prefix("instance-profile/"));
    let last = of_arn.and_then(|path| path.rsplit('/').next());
    findings.push(
        Finding::new(
            Path::of("iam.instance_profile"),
            format!("`{name}` is not the name of an instance profile"),
        )
        .label(label)
        .help(match last.filter(|last| !last.is_empty()) {
            Some(last) => format!("write \"{last}\""),
            None => "write a name such as \"browser-workers\"; `aws iam list-instance-profiles` prints them".to_owned(),
        }),
    );
}

/// Characters that a statement has beside its actions and resources, and each of these beside its text.
const STATEMENT_CHARACTERS: usize = 80;
const ENTRY_CHARACTERS: usize = 3;

fn policy_too_long(context: &Context<'_>, findings: &mut Findings) {
    let fleet = context.fleet;
    let path = identity::path(&fleet.identity, context.environment);
    let own = role_policy_characters(&path, &fleet.secrets);
    let of_objects = fleet.iam.s3.iter().map(|access| {
        2 * STATEMENT_CHARACTERS + 2 * access.bucket.len() + 2 * access.prefix.len() + 200
    });
    let of_statements = fleet.iam.statements.iter().map(|statement| {
        let entries = statement.actions.iter().chain(&statement.resources);
        STATEMENT_CHARACTERS
            + entries
                .map(|text| text.len() + ENTRY_CHARACTERS)
                .sum::<usize>()
    });
    let repositories = fleet.iam.ecr_repositories.iter();
    let of_repositories = repositories.map(|arn| arn.len() + ENTRY_CHARACTERS);
    let extra: usize = of_objects.chain(of_statements).chain(of_repositories).sum();
    if extra == 0 || own > ROLE_POLICY_CHARACTERS || own + extra <= ROLE_POLICY_CHARACTERS {
        return;
    }
    let left = ROLE_POLICY_CHARACTERS - own;
    findings.push(
        Finding::new(
            Path::of("iam"),
            "the statements do not fit into the policies of the workers' role",
        )
        .label(format!("about {extra} characters; {left} are left"))
        .help("move statements into a policy of your own, and name it in `iam.managed_policies`"),
    );
}

fn s3_access(context: &Context<'_>, findings: &mut Findings) {
    const MAX_KEY_BYTES: usize = 1024;
    for (index, access) in context.fleet.iam.s3.iter().enumerate() {
        let path = Path::of("iam.s3").index(index);
        if !is_bucket_name(&access.bucket) {
            findings.push(
                Finding::new(
                    path.clone().key("bucket"),
                    format!("`{}` is not a valid S3 bucket name", access.bucket),
                )
                .label("not a bucket name")
                .help("write the bucket's name alone, such as \"browser-profiles\""),
            );
        }
        let prefix = &access.prefix;
        let problem = if prefix.starts_with('/') {
            "begins with `/`"
        } else if prefix.contains(['*', '?']) {
            "holds a wildcard"
        } else if prefix.contains("${") {
            "holds a variable of IAM"
        } else if prefix.chars().any(char::is_control) || prefix.len() > MAX_KEY_BYTES {
            "not the beginning of a key"
        } else {
            continue;
        };
        findings.push(
            Finding::new(
                path.key("prefix"),
                format!("`{prefix}` is not the beginning of keys of objects"),
            )
            .label(problem)
            .help("write the beginning of the keys as it is, such as \"profiles/\""),
        );
    }
}
