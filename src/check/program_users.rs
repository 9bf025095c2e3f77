//! Rules about the accounts that `[worker]` names: those that pages run as.

use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use crate::catalog::accounts::{self, Owner};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "worker.user-name",
        severity: Severity::Error,
        title: "Users have names that Linux accepts",
        reason: "useradd(8) and systemd: up to 31 characters, a lower-case letter or underscore \
              first, then letters, digits, hyphens and underscores.",
        run: user_name,
    },
    Rule {
        code: "worker.user-root",
        severity: Severity::Error,
        title: "Neither the runtime nor AdsPower runs as root",
        reason: "Both run pages from the internet. As root, a page that breaks out of the browser \
              owns the host.",
        run: user_root,
    },
    Rule {
        code: "worker.users-same",
        severity: Severity::Error,
        title: "The runtime and AdsPower run as different users",
        reason: "With one user for both, a page in a browser could read the runtime's secrets.",
        run: users_same,
    },
    Rule {
        code: "worker.user-reserved",
        severity: Severity::Error,
        title: "The runtime and AdsPower run as accounts that have no other purpose",
        reason: "Pages run with that account's rights. The image's own accounts reach the instance's \
              role, the display or the metrics; those of the distribution own files, log in, or \
              are members of groups.",
        run: user_reserved,
    },
];

/// The users of the two programs, by their keys.
fn users<'a>(context: &Context<'a>) -> [(&'static str, &'a str); 2] {
    let worker = &context.fleet.worker;
    [
        ("worker.runtime.user", &worker.runtime.user),
        ("worker.adspower.user", &worker.adspower.user),
    ]
}

fn is_user_name(name: &str) -> bool {
    let first = name.bytes().next();
    name.len() <= 31
        && first.is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
        })
}

fn user_name(context: &Context<'_>, findings: &mut Findings) {
    for (key, name) in users(context) {
        if !is_user_name(name) {
            findings.push(
                Finding::new(
                    Path::of(key),
                    format!("`{name}` is not a valid Linux user name"),
                )
                .label("not the name of a user")
                .help("use up to 31 lower-case letters, digits, hyphens and underscores"),
            );
        }
    }
}

fn user_root(context: &Context<'_>, findings: &mut Findings) {
    for (key, name) in users(context) {
        if name == "root" {
            findings.push(
                Finding::new(
                    Path::of(key),
                    "a program that opens web pages would run as root",
                )
                .label("owns the host")
                .help("name a user of its own; the image creates it"),
            );
        }
    }
}

fn users_same(context: &Context<'_>, findings: &mut Findings) {
    let [(runtime_key, runtime), (adspower_key, adspower)] = users(context);
    if runtime != adspower {
        return;
    }
    let (place, other) = if context.is_declared(adspower_key) {
        (adspower_key, runtime_key)
    } else {
        (runtime_key, adspower_key)
    };
    findings.push(
        Finding::new(
            Path::of(place),
            format!("the runtime and AdsPower would both run as `{runtime}`"),
        )
        .label("the user of the other program")
        .related(Path::of(other), "the other program")
        .help("give each its own user, such as \"valet\" and \"adspower\""),
    );
}

fn user_reserved(context: &Context<'_>, findings: &mut Findings) {
    for (key, name) in users(context) {
        // Root has a rule of its own.
        let Some(account) = accounts::find(name).filter(|_| name != "root") else {
            continue;
        };
        let label = match account.owner {
            Owner::Image => account.purpose.to_owned(),
            Owner::Distribution => "an account or a group of the distribution".to_owned(),
        };
        findings.push(
            Finding::new(
                Path::of(key),
                format!("web pages would run as `{name}`, an account with another purpose"),
            )
            .label(label)
            .help(
                "name a user that only this program has, such as \"valet\" or \"adspower\"; the \
                   image creates it",
            ),
        );
    }
}
