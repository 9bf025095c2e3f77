//! Rules about `[environments]`.

use super::finding::{Finding, Findings};
use super::identifiers::{KEBAB_CASE_HELP, is_kebab_case};
use super::rule::{Context, Rule};
use crate::catalog::regions;
use crate::derive::identity::{self, ACCOUNT};
use crate::diagnostic::Severity;
use crate::fleet::Fleet;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "environments.name-form",
        severity: Severity::Error,
        title: "An environment's name is made of lower-case letters, digits and single hyphens",
        reason: "The name is part of the names of resources and of the paths of secrets, and a \
              folder in generated/, which Windows lets nobody make for names such as `con` and `aux`. `account` is reserved: it is the folder of what all \
              environments share.",
        run: name_form,
    },
    Rule {
        code: "environments.same-prefix",
        severity: Severity::Error,
        title: "No two environments make resources of the same names",
        reason: "Names begin with the fleet's name, a hyphen and the environment's, and a fleet's name may have hyphens: \
              `shop-eu` with `prod` is `shop` with `eu-prod`. Roles have one name in an account, whatever the region, \
              and the second apply would fail or take over what the first one made.",
        run: same_prefix,
    },
    Rule {
        code: "environments.not-overridable",
        severity: Severity::Error,
        title: "No environment overrides what belongs to the account or to the whole file",
        reason: "CloudTrail, GuardDuty and Inspector exist once per account and region, so one \
              environment would undo the choice of another; `valet_gen` is the version of the \
              whole file, and a `[[plan_waiver]]` names its environment itself.",
        run: not_overridable,
    },
    Rule {
        code: "environments.region-apart",
        severity: Severity::Warning,
        title: "Every environment is in the region that the account module covers",
        reason: "GuardDuty, Inspector and the safe defaults of EBS and instance metadata are \
              regional, and generated/account is rendered for the region of the whole file.",
        run: region_apart,
    },
];

/// Whether Windows keeps the name for a device, whatever the folder (Win32, Naming Files, Paths, and Namespaces).
fn is_device(name: &str) -> bool {
    let is_numbered = |kind: &str| {
        let number = name.strip_prefix(kind).map(str::as_bytes);
        number.is_some_and(|number| matches!(number, [b'1'..=b'9']))
    };
    matches!(name, "aux" | "con" | "nul" | "prn") || is_numbered("com") || is_numbered("lpt")
}

fn name_form(context: &Context<'_>, findings: &mut Findings) {
    let name = context.environment;
    let Some(span) = context.environment_span else {
        return;
    };
    let label = if name == ACCOUNT {
        "reserved for the folder that environments share"
    } else if is_device(name) {
        "a device on Windows, where nobody could check out its folder"
    } else if is_kebab_case(name) {
        return;
    } else {
        "not a resource name"
    };
    findings.push(
        Finding::in_text(span.clone(), format!("invalid environment name `{name}`"))
            .label(label)
            .help(format!("{KEBAB_CASE_HELP}, such as `staging`")),
    );
}

fn same_prefix(context: &Context<'_>, findings: &mut Findings) {
    let prefix = identity::prefix(&context.fleet.identity, context.environment);
    let Some(&(first, fleet)) = context.prefixes.get(&prefix) else {
        return;
    };
    if first == context.environment || are_in_other_accounts(context.fleet, fleet) {
        return;
    }
    findings.push(
        Finding::new(
            Path::of("fleet.name"),
            format!("the names of `{}` and of `{first}` begin alike, with `{prefix}-`", context.environment),
        )
        .label(format!("`{prefix}` in the environment `{}`", context.environment))
        .help(
            "give one of them another name, or say in `terraform.allowed_account_ids` of each that they are in \
             different accounts",
        ),
    );
}

/// Whether each says in which accounts it may be, and none of them is the other's.
fn are_in_other_accounts(one: &Fleet, other: &Fleet) -> bool {
    let (one, other) = (
        &one.terraform.allowed_account_ids,
        &other.terraform.allowed_account_ids,
    );
    !one.is_empty() && !other.is_empty() && one.iter().all(|account| !other.contains(account))
}

fn not_overridable(context: &Context<'_>, findings: &mut Findings) {
    const OF_ACCOUNT: &str = "`[audit]` is about the whole account";
    const KEYS: [(&str, &str); 10] = [
        ("audit.cloudtrail", OF_ACCOUNT),
        ("audit.guardduty", OF_ACCOUNT),
        ("audit.inspector", OF_ACCOUNT),
        ("audit.account_defaults.ebs_encryption", OF_ACCOUNT),
        ("audit.account_defaults.imdsv2", OF_ACCOUNT),
        ("audit.account_defaults.block_public_images", OF_ACCOUNT),
        ("audit.account_defaults.block_public_snapshots", OF_ACCOUNT),
        ("audit.account_defaults.block_public_buckets", OF_ACCOUNT),
        (
            "valet_gen",
            "the generator's version is that of the whole file",
        ),
        (
            "plan_waiver",
            "an entry of `[[plan_waiver]]` names its environment itself",
        ),
    ];
    for (key, reason) in KEYS {
        let path = Path::of(key);
        let declared = context.tree.key_span(&path);
        if declared.is_some() && declared != context.base.key_span(&path) {
            findings.push(
                Finding::new(
                    path,
                    format!(
                        "environment `{}` cannot override `{key}`",
                        context.environment
                    ),
                )
                .on_key()
                .label(reason)
                .help("write it once, at the top of the file"),
            );
        }
    }
}

fn region_apart(context: &Context<'_>, findings: &mut Findings) {
    let region = Path::of("fleet.region");
    let own = &context.fleet.identity.region;
    let of_file = context.base.strings();
    let differs = of_file
        .iter()
        .any(|(path, text)| *path == region && text != own);
    if !differs || regions::find(own).is_none() {
        return;
    }
    findings.push(
        Finding::new(
            region,
            format!(
                "the account module does not cover the region of environment `{}`",
                context.environment
            ),
        )
        .label("differs from `fleet.region`")
        .help(
            "keep a fleet.toml of its own for each region, or configure GuardDuty, Inspector and \
             the account's defaults in that region yourself",
        ),
    );
}
