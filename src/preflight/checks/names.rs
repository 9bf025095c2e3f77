//! Names that Terraform gives and somebody else has.

use super::taken::{ACTIONS, KINDS, Taken};
use crate::load::Path;
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::{NAME_TAKEN, SECRET_DELETED};
use crate::preflight::facts::{Facts, Stop};
use crate::preflight::finding::Findings;
use crate::resolve::ACCOUNT;
use crate::review::config::{Module, Object, Term};

pub const CHECKS: &[Check] = &[
    Check {
        subject: "names of the environment",
        scope: Scope::Environment,
        concerns_bakes: false,
        actions: ACTIONS,
        run: of_environment,
    },
    Check {
        subject: "names of the account's module",
        scope: Scope::Account,
        concerns_bakes: false,
        actions: ACTIONS,
        run: of_account,
    },
];

fn of_environment(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    of_module(ctx, facts, out, &ctx.environment.identity.environment)
}

fn of_account(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    of_module(ctx, facts, out, ACCOUNT)
}

/// A resource that Terraform makes, and its name.
struct Named {
    kind: String,
    address: String,
    name: String,
}

/// The names in a rendered module, as far as anything but AWS knows them.
fn named(ctx: &Context<'_>, module: &str) -> Vec<Named> {
    let Ok(read) = Module::read(ctx.files, &format!("{module}/terraform/")) else {
        return Vec::new();
    };
    let objects = read
        .objects()
        .clone()
        .into_values()
        .filter(|it| !it.is_data);
    let mut all = Vec::new();
    for object in objects {
        if object.kind == "aws_launch_template" && object.unknown_repetition.is_some() {
            // Whether there are any depends on whether there is an image.
            all.extend(ctx.environment.instances.templates.keys().map(|key| Named {
                kind: object.kind.clone(),
                address: format!("{}[\"{key}\"]", object.address),
                name: format!("{}-worker-{key}", ctx.prefix()),
            }));
            continue;
        }
        if let Some(name) = name(ctx, &object) {
            all.push(Named {
                kind: object.kind,
                address: object.address,
                name,
            });
        }
    }
    all
}

fn name(ctx: &Context<'_>, object: &Object) -> Option<String> {
    let member = |name: &str| known_text(ctx, object.values.get(name)?);
    match object.kind.as_str() {
        "aws_s3_bucket" => member("bucket"),
        "aws_iam_service_linked_role" => {
            let suffix = member("custom_suffix")?;
            Some(format!("AWSServiceRoleForAutoScaling_{suffix}"))
        }
        _ => member("name"),
    }
}

/// A text, or one with the account's id in it.
fn known_text(ctx: &Context<'_>, term: &Term) -> Option<String> {
    match term {
        Term::Text(text) => Some(text.clone()),
        Term::Made { by, of } if by == "template" => {
            of.iter().map(|part| known_text(ctx, part)).collect()
        }
        Term::Reference { address, attribute }
            if address == "data.aws_caller_identity.current" && attribute == "account_id" =>
        {
            Some(ctx.caller.account.clone())
        }
        _ => None,
    }
}

fn of_module(
    ctx: &Context<'_>,
    facts: &Facts,
    out: &mut Findings,
    module: &str,
) -> Result<(), Stop> {
    let mut is_pending = false;
    for Named {
        kind,
        address,
        name,
    } in named(ctx, module)
    {
        let Some((_, find)) = KINDS.iter().find(|(known, _)| *known == kind) else {
            continue;
        };
        let taken = match find(ctx, facts, &name) {
            Ok(taken) => taken,
            // The others are asked all the same.
            Err(Stop::Pending) => {
                is_pending = true;
                continue;
            }
            Err(Stop::NotKnown(question)) => {
                out.not_known(question);
                continue;
            }
        };
        let what = kind.trim_start_matches("aws_").replace('_', " ");
        match taken {
            Taken::No => {}
            Taken::By(tags) if ctx.is_own(&tags, module) => {}
            Taken::By(_) | Taken::ByOthers => {
                let whose = match taken {
                    Taken::ByOthers => "in another account, or out of sight",
                    _ => "without the fleet's tags",
                };
                out.add(
                    NAME_TAKEN,
                    Path::of("fleet.name"),
                    format!("{what} `{name}` is there already, {whose}"),
                    format!("{address} takes its name from this"),
                    match taken {
                        Taken::ByOthers => "choose another name for the fleet".to_owned(),
                        _ => format!(
                            "choose another name for the fleet, delete it, or take it over with `terraform import '{address}' …`"
                        ),
                    },
                );
            }
            Taken::BySecretToDelete => {
                let own = name.rsplit('/').next().unwrap_or_default();
                out.add(
                    SECRET_DELETED,
                    Path::of("secrets").key(own),
                    format!("secret `{name}` is about to be deleted, and keeps its name until then"),
                    "Terraform cannot make it",
                    format!("take it back with `aws secretsmanager restore-secret --secret-id {name} --region {}`, and import it", ctx.region()),
                );
            }
        }
    }
    if is_pending {
        Err(Stop::Pending)
    } else {
        Ok(())
    }
}
