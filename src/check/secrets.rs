//! Rules about `[secrets]`. That no value stands in the file is a rule of its own.

use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use crate::catalog::variables;
use crate::derive::identity;
use crate::derive::secrets::{
    HATCHET_TOKEN, MUTUAL_TLS, ROLE_POLICY_CHARACTERS, role_policy_characters,
};
use crate::diagnostic::Severity;
use crate::fleet::{SecretStore, Tls};
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "secrets.name-form",
        severity: Severity::Error,
        title: "A secret's name is that of an environment variable",
        reason: "POSIX, environment variables: upper-case letters, digits and underscores, no digit \
              first. The worker gets the secret as an environment variable of that name.",
        run: name_form,
    },
    Rule {
        code: "secrets.name-reserved",
        severity: Severity::Error,
        title: "No secret has a reserved name",
        reason: "A secret called PATH, LD_PRELOAD or AWS_PROFILE would decide which program is \
              started, or with whose rights; one called DISPLAY or VALET_SOCKET would replace what \
              the units set.",
        run: name_reserved,
    },
    Rule {
        code: "secrets.rotation-store",
        severity: Severity::Error,
        title: "A secret that is rotated is kept in Secrets Manager",
        reason: "Parameter Store has no rotation, so `rotate_after_days` would have no effect.",
        run: rotation_store,
    },
    Rule {
        code: "secrets.policy-too-long",
        severity: Severity::Error,
        title: "The names of the secrets fit into the policies of the worker's role",
        reason: "The role may read exactly these names. IAM takes 10,240 characters of inline \
              policies per role (IAM user guide, IAM and AWS STS quotas), and the apply would stop \
              half way.",
        run: policy_too_long,
    },
    Rule {
        code: "secrets.hatchet-token-missing",
        severity: Severity::Error,
        title: "The worker has a token for Hatchet",
        reason: "Without HATCHET_CLIENT_TOKEN a worker never gets a task.",
        run: hatchet_token_missing,
    },
    Rule {
        code: "secrets.mtls-key-missing",
        severity: Severity::Error,
        title: "Mutual TLS has its certificate and its key",
        reason: "With `tls = \"mtls\"` Hatchet's client refuses to start without both.",
        run: mtls_key_missing,
    },
];

/// Where secrets are declared, and what they are for where they are not.
fn path(name: &str) -> Path {
    Path::of("secrets").key(name)
}

fn is_variable_name(name: &str) -> bool {
    let first = name.bytes().next();
    first.is_some_and(|byte| byte.is_ascii_uppercase() || byte == b'_')
        && name.len() <= 128
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

fn name_form(context: &Context<'_>, findings: &mut Findings) {
    for name in context.fleet.secrets.keys() {
        if is_variable_name(name) {
            continue;
        }
        let spelt: String = name.to_ascii_uppercase().replace(['-', '.', ' '], "_");
        let help = if is_variable_name(&spelt) {
            format!("write `{spelt}`")
        } else {
            "use upper-case letters, digits and underscores, such as API_HATCHET_TOKEN".to_owned()
        };
        findings.push(
            Finding::new(
                path(name),
                format!("`{name}` is not the name of an environment variable"),
            )
            .on_key()
            .label("not a valid environment variable name")
            .help(help),
        );
    }
}

fn name_reserved(context: &Context<'_>, findings: &mut Findings) {
    for name in context
        .fleet
        .secrets
        .keys()
        .filter(|name| variables::is_reserved(name))
    {
        let help = if name.starts_with("AWS_") {
            "remove it: workers get AWS credentials from their role"
        } else {
            "choose another name, such as one with the service's prefix"
        };
        findings.push(
            Finding::new(
                path(name),
                format!("`{name}` is reserved: it changes how other programs behave"),
            )
            .on_key()
            .label("reserved")
            .help(help),
        );
    }
}

fn policy_too_long(context: &Context<'_>, findings: &mut Findings) {
    let path = identity::path(&context.fleet.identity, context.environment);
    let secrets = &context.fleet.secrets;
    let characters = role_policy_characters(&path, secrets);
    if characters <= ROLE_POLICY_CHARACTERS {
        return;
    }
    findings.push(
        Finding::new(
            Path::of("secrets"),
            format!(
                "{} secrets make the policies of the worker's role about {characters} characters long",
                secrets.len()
            ),
        )
        .label(format!("IAM takes {ROLE_POLICY_CHARACTERS}"))
        .help("keep values that belong together as one secret, as JSON, or choose shorter names"),
    );
}

fn rotation_store(context: &Context<'_>, findings: &mut Findings) {
    for (name, secret) in &context.fleet.secrets {
        if secret.store == SecretStore::Ssm && secret.rotate_after_days.is_some() {
            findings.push(
                Finding::new(
                    path(name).key("rotate_after_days"),
                    format!("nothing rotates `{name}`"),
                )
                .label("Parameter Store does not rotate")
                .related(path(name).key("store"), "where it is kept")
                .help("use `store = \"secretsmanager\"`, or remove `rotate_after_days`"),
            );
        }
    }
}

fn hatchet_token_missing(context: &Context<'_>, findings: &mut Findings) {
    if !context.fleet.secrets.contains_key(HATCHET_TOKEN) {
        findings.push(
            Finding::new(
                Path::of("secrets"),
                format!("the worker has no {HATCHET_TOKEN}"),
            )
            .on_key()
            .label("no token for Hatchet")
            .help(format!(
                "add {HATCHET_TOKEN} = {{ store = \"ssm\", read = \"boot\" }}"
            )),
        );
    }
}

fn mtls_key_missing(context: &Context<'_>, findings: &mut Findings) {
    if context.fleet.worker.hatchet.tls != Tls::Mtls {
        return;
    }
    let missing: Vec<&str> = MUTUAL_TLS
        .into_iter()
        .filter(|name| !context.fleet.secrets.contains_key(*name))
        .collect();
    if !missing.is_empty() {
        findings.push(
            Finding::new(
                Path::of("worker.hatchet.tls"),
                format!("mutual TLS lacks {}", missing.join(" and ")),
            )
            .label("asks for a certificate and a key")
            .related(Path::of("secrets"), "not among the secrets")
            .help(format!(
                "add {} = {{ store = \"secretsmanager\", read = \"boot\" }} to `[secrets]`",
                missing[0]
            )),
        );
    }
}
