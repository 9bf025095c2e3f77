//! Rules about ARNs, wherever fleet.toml has one: what kind of thing each names, and where that has to be.

use super::arn_kind::{
    Arn, ArnKind, EVENT_BUS, KEY, OWN_ROLE, PARAMETER, POLICY, REPOSITORY, ROLE, TOPIC,
};
use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use crate::catalog::regions;
use crate::derive::instances::existing_key;
use crate::derive::terraform::backend_region;
use crate::diagnostic::Severity;
use crate::fleet::{Backend, Fleet};
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "fleet.arn-malformed",
        severity: Severity::Error,
        title: "Every ARN names what its key asks for",
        reason: "AWS: `arn:partition:service:region:account:resource`. Terraform reads an ARN of another \
              kind without a word; the apply fails half way, or later.",
        run: malformed,
    },
    Rule {
        code: "fleet.arn-elsewhere",
        severity: Severity::Error,
        title: "Every ARN is of the fleet's partition, and of its region and account where AWS asks for it",
        reason: "No service reaches into another partition. Keys, topics, event buses and repositories are \
              used from their own region; boundaries and policies are the account's own, or AWS's. Terraform stops where \
              the role that it assumes is of an account that `terraform.allowed_account_ids` does not list.",
        run: elsewhere,
    },
];

/// An ARN in fleet.toml.
pub struct DeclaredArn<'a> {
    path: Path,
    text: &'a str,
    kind: ArnKind,
    /// The region that it is used from.
    used_from: String,
}

/// Every ARN of the fleet, but the root volume's key, which may be another word.
fn declared(fleet: &Fleet) -> Vec<DeclaredArn<'_>> {
    let region = fleet.identity.region.as_str();
    let of = |path: Path, text, kind| DeclaredArn {
        path,
        text,
        kind,
        used_from: region.to_owned(),
    };
    let mut found = Vec::new();
    let iam = &fleet.iam;
    if let Some(boundary) = &iam.permissions_boundary {
        found.push(of(
            Path::of("iam.permissions_boundary"),
            boundary.as_str(),
            POLICY,
        ));
    }
    for (list, entries, kind) in [
        ("managed_policies", &iam.managed_policies, POLICY),
        ("ecr_repositories", &iam.ecr_repositories, REPOSITORY),
    ] {
        for (index, text) in entries.iter().enumerate() {
            found.push(of(Path::of("iam").key(list).index(index), text, kind));
        }
    }
    for (key, text, kind) in [
        ("topic_arn", &fleet.alerts.topic_arn, TOPIC),
        ("event_bus_arn", &fleet.alerts.event_bus_arn, EVENT_BUS),
    ] {
        if let Some(text) = text {
            found.push(of(Path::of("alerts").key(key), text, kind));
        }
    }
    if let Some(key) = existing_key(&fleet.encryption) {
        found.push(of(Path::of("encryption.kms_key"), key, KEY));
    }
    if let Some(shared) = &fleet.image.shared_by {
        for (key, text, kind) in [
            ("parameter", &shared.parameter, PARAMETER),
            ("kms_key", &shared.kms_key, KEY),
        ] {
            if let Some(text) = text {
                found.push(of(Path::of("image.shared_by").key(key), text, kind));
            }
        }
    }
    for (region, key) in &fleet.image.kms_keys {
        found.push(DeclaredArn {
            used_from: region.clone(),
            ..of(Path::of("image.kms_keys").key(region), key, KEY)
        });
    }
    for (index, role) in fleet.control.trusted_role_arns.iter().enumerate() {
        let place = Path::of("control.trusted_role_arns").index(index);
        found.push(of(place, role, ROLE));
    }
    let terraform = &fleet.terraform;
    if let Some(role) = &terraform.provider_role_arn {
        let path = Path::of("terraform.provider_role_arn");
        found.push(of(path, role, OWN_ROLE));
    }
    if let Backend::S3(s3) = &terraform.backend {
        if let Some(role) = &s3.role_arn {
            found.push(of(Path::of("terraform.backend.role_arn"), role, ROLE));
        }
        if let Some(key) = &s3.kms_key_id {
            found.push(DeclaredArn {
                used_from: backend_region(s3, &fleet.identity),
                ..of(Path::of("terraform.backend.kms_key_id"), key, KEY)
            });
        }
    }
    found
}

fn malformed(context: &Context<'_>, findings: &mut Findings) {
    for DeclaredArn {
        path, text, kind, ..
    } in declared(context.fleet)
    {
        if Arn::parse(text).is_some_and(|arn| kind.is(arn)) {
            continue;
        }
        findings.push(
            Finding::new(path, format!("`{text}` is not the ARN of {}", kind.what))
                .label(format!("not {}", kind.what))
                .help(malformed_help(text, kind)),
        );
    }
}

/// What to write in place of what is no ARN of its kind: people know policies by their names, and keys by their ids and
/// aliases.
fn malformed_help(text: &str, kind: ArnKind) -> String {
    let is_name = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&byte));
    let example = format!("write an ARN such as \"{}\"", kind.example);
    if kind == KEY && is_name && !text.is_empty() {
        format!(
            "{example}; `aws kms describe-key --key-id {text} --query KeyMetadata.Arn` prints that of this key"
        )
    } else if kind == POLICY && is_name && !text.is_empty() {
        let name = text.trim_start_matches("policy/");
        format!(
            "write \"arn:aws:iam::aws:policy/{name}\" for a policy of AWS's, with the account's id in place of `aws` for your own"
        )
    } else {
        example
    }
}

/// Resources of the workers' own statements: of any service, region and account, but of the fleet's partition. A
/// partition with a wildcard or a variable of IAM is whatever it turns out to be.
fn statements_elsewhere(context: &Context<'_>, findings: &mut Findings) {
    let Some(region) = regions::find(&context.fleet.identity.region) else {
        return;
    };
    for (index, statement) in context.fleet.iam.statements.iter().enumerate() {
        for (resource, text) in statement.resources.iter().enumerate() {
            let Some(arn) = Arn::parse(text) else {
                continue;
            };
            if arn.partition == region.partition() || arn.partition.contains(['*', '?', '$']) {
                continue;
            }
            findings.push(
                Finding::new(
                    Path::of("iam.statements")
                        .index(index)
                        .key("resources")
                        .index(resource),
                    format!("the fleet is in the partition {}", region.partition()),
                )
                .label(format!("a resource of the partition {}", arn.partition))
                .related(Path::of("fleet.region"), "the fleet's region")
                .help(format!("name a resource of {}", region.partition())),
            );
        }
    }
}

fn elsewhere(context: &Context<'_>, findings: &mut Findings) {
    let fleet = context.fleet;
    statements_elsewhere(context, findings);
    for DeclaredArn {
        path,
        text,
        kind,
        used_from,
    } in declared(fleet)
    {
        let (Some(arn), Some(region)) = (
            Arn::parse(text).filter(|arn| kind.is(*arn)),
            regions::find(&used_from),
        ) else {
            continue;
        };
        let allowed = &fleet.terraform.allowed_account_ids;
        let is_foreign = kind.own
            && arn.account != "aws"
            && !allowed.is_empty()
            && !allowed.iter().any(|id| id == arn.account);
        let (message, label, help) = if arn.partition != region.partition() {
            (
                format!(
                    "{} is in the partition {}",
                    subject(fleet, region.name),
                    region.partition()
                ),
                format!("{} of the partition {}", kind.what, arn.partition),
                format!("name {} of {}", kind.what, region.partition()),
            )
        } else if kind.regional && arn.region != region.name {
            (
                format!("{} cannot use {} of another region", region.name, kind.what),
                format!("of {}", arn.region),
                format!("name {} of {}", kind.what, region.name),
            )
        } else if is_foreign {
            (
                if kind == OWN_ROLE {
                    "the role that makes the resources belongs to their account".to_owned()
                } else {
                    format!("{} belongs to the account that uses it", kind.what)
                },
                format!(
                    "of the account {}, which `terraform.allowed_account_ids` does not list",
                    arn.account
                ),
                format!("name {} of the fleet's own account", kind.what),
            )
        } else {
            continue;
        };
        let finding = Finding::new(path, message).label(label).help(help);
        findings.push(if used_from == fleet.identity.region {
            finding.related(Path::of("fleet.region"), "the fleet's region")
        } else {
            finding
        });
    }
}

/// What is in a region, for a message about its partition.
fn subject<'r>(fleet: &Fleet, region: &'r str) -> &'r str {
    if fleet.identity.region == region {
        "the fleet"
    } else {
        region
    }
}
