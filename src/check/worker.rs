//! Rules about `[worker]`: its programs, their users and ports, and Hatchet.

use super::identifiers::{did_you_mean, duplicates};
use super::{Context, Finding, Findings, Rule};
use crate::catalog::nearest;
use crate::diagnostic::Severity;
use crate::fleet::Tls;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "worker.user-name",
        severity: Severity::Error,
        title: "Users have names that Linux accepts",
        why: "useradd(8): up to 32 characters, a lower-case letter or underscore first, then \
              letters, digits, hyphens and underscores.",
        run: user_name,
    },
    Rule {
        code: "worker.user-root",
        severity: Severity::Error,
        title: "Neither the runtime nor AdsPower runs as root",
        why: "Both run pages from the internet. As root, a page that breaks out of the browser \
              owns the host.",
        run: user_root,
    },
    Rule {
        code: "worker.users-same",
        severity: Severity::Error,
        title: "The runtime and AdsPower have users of their own",
        why: "With one user for both, a page in a browser could read the runtime's secrets.",
        run: users_same,
    },
    Rule {
        code: "worker.ports-clash",
        severity: Severity::Error,
        title: "AdsPower and noVNC listen on ports of their own",
        why: "The second of them to start would fail, and be restarted for ever.",
        run: ports_clash,
    },
    Rule {
        code: "worker.command",
        severity: Severity::Error,
        title: "The runtime's command is a program and its arguments",
        why: "It is started without a shell, from systemd's search path: a relative path leads \
              nowhere, and an empty word is an argument that nobody meant.",
        run: command,
    },
    Rule {
        code: "worker.task-name",
        severity: Severity::Error,
        title: "Tasks are named as Hatchet names them",
        why: "The fleet scales by the queues of these names; one with a space or an upper-case \
              letter is no queue, because Hatchet lower-cases names.",
        run: task_name,
    },
    Rule {
        code: "worker.task-twice",
        severity: Severity::Error,
        title: "Every task is listed once",
        why: "Its queue would count twice, and the fleet grow twice as fast.",
        run: task_twice,
    },
    Rule {
        code: "worker.label-placeholder",
        severity: Severity::Error,
        title: "Labels use placeholders that the agent knows",
        why: "Any other one would reach Hatchet as it is written, and match no workflow.",
        run: label_placeholder,
    },
    Rule {
        code: "worker.tls-none",
        severity: Severity::Warning,
        title: "The connection to Hatchet is encrypted",
        why: "Tokens and the input of tasks would cross the network in the clear.",
        run: tls_none,
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
    name.len() <= 32
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
                    format!("no Linux user can be called `{name}`"),
                )
                .label("not the name of a user")
                .help("use up to 32 lower-case letters, digits, hyphens and underscores"),
            );
        }
    }
}

fn user_root(context: &Context<'_>, findings: &mut Findings) {
    for (key, name) in users(context) {
        if name == "root" {
            findings.push(
                Finding::new(Path::of(key), "a program that runs pages would run as root")
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

fn ports_clash(context: &Context<'_>, findings: &mut Findings) {
    let worker = &context.fleet.worker;
    let port = worker.adspower.port;
    if port != worker.novnc.port {
        return;
    }
    let (novnc, adspower) = ("worker.novnc.port", "worker.adspower.port");
    let (place, other) = if context.is_declared(novnc) {
        (novnc, adspower)
    } else {
        (adspower, novnc)
    };
    findings.push(
        Finding::new(
            Path::of(place),
            format!("AdsPower and noVNC would both listen on port {port}"),
        )
        .label("duplicate name")
        .related(Path::of(other), "the same port")
        .help("leave one of them at its default: 50325 for AdsPower, 6080 for noVNC"),
    );
}

fn command(context: &Context<'_>, findings: &mut Findings) {
    let command = &context.fleet.worker.runtime.command;
    let path = Path::of("worker.runtime.command");
    let Some(program) = command.first() else {
        findings.push(
            Finding::new(path, "the runtime has no program to start")
                .label("an empty list")
                .help("write [\"node\", \"/opt/valet/runtime/main.js\"], or remove the key"),
        );
        return;
    };
    if program.contains('/') && !program.starts_with('/') {
        findings.push(
            Finding::new(
                path.clone().index(0),
                format!("`{program}` leads nowhere without a working directory"),
            )
            .label("a relative path")
            .help("write the whole path, or the bare name of a program"),
        );
    }
    for (index, word) in command.iter().enumerate() {
        if word.is_empty() || word.contains('\0') || word.contains('\n') {
            findings.push(
                Finding::new(
                    path.clone().index(index),
                    "a word of the runtime's command is empty or more than one line",
                )
                .label("not an argument")
                .help("remove it, or write the argument on one line"),
            );
        }
    }
}

fn is_task_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase()
                || byte.is_ascii_digit()
                || matches!(byte, b'-' | b'_' | b'.' | b':')
        })
}

fn task_name(context: &Context<'_>, findings: &mut Findings) {
    for (index, name) in context.fleet.worker.hatchet.tasks.iter().enumerate() {
        if !is_task_name(name) {
            findings.push(
                Finding::new(
                    Path::of("worker.hatchet.tasks").index(index),
                    format!("Hatchet has no task called `{name}`"),
                )
                .label("not the name of a task")
                .help("use lower-case letters, digits and - _ . :, such as \"apply-to-job\""),
            );
        }
    }
}

fn task_twice(context: &Context<'_>, findings: &mut Findings) {
    let tasks = &context.fleet.worker.hatchet.tasks;
    let path = Path::of("worker.hatchet.tasks");
    for (index, first) in duplicates(tasks) {
        findings.push(
            Finding::new(
                path.clone().index(index),
                format!("task `{}` is listed twice", tasks[index]),
            )
            .label("listed again")
            .related(path.clone().index(first), "listed here first")
            .help("remove one of them"),
        );
    }
}

/// What the agent fills in.
const PLACEHOLDERS: [&str; 4] = ["region", "instance_type", "adspower", "capacity"];

/// The first placeholder of a label that the agent does not know; a brace that is not closed
/// counts as one.
fn unknown_placeholder(label: &str) -> Option<&str> {
    label.split('{').skip(1).find_map(|after| {
        let name = after.split('}').next().unwrap_or(after);
        let closed = after.contains('}');
        (!closed || !PLACEHOLDERS.contains(&name)).then_some(name)
    })
}

fn label_placeholder(context: &Context<'_>, findings: &mut Findings) {
    for (key, label) in &context.fleet.worker.hatchet.labels {
        if let Some(name) = unknown_placeholder(label) {
            findings.push(
                Finding::new(
                    Path::of("worker.hatchet.labels").key(key),
                    format!("the agent knows no placeholder {{{name}}}"),
                )
                .label("would reach Hatchet as it is written")
                .help(did_you_mean(
                    nearest(name, PLACEHOLDERS),
                    "use {region}, {instance_type}, {adspower} or {capacity}",
                )),
            );
        }
    }
}

fn tls_none(context: &Context<'_>, findings: &mut Findings) {
    if context.fleet.worker.hatchet.tls == Tls::None {
        findings.push(
            Finding::new(
                Path::of("worker.hatchet.tls"),
                "the connection to Hatchet is not encrypted",
            )
            .label("tokens cross the network in the clear")
            .help("use \"tls\"; \"none\" is for a test engine on the same host"),
        );
    }
}
