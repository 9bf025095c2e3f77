//! Rules about `[worker]`, the drain aside.

use super::spelling::{did_you_mean, repeated};
use super::{Context, Finding, Findings, Rule};
use crate::catalog::nearest;
use crate::diagnostic::Severity;
use crate::fleet::Tls;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "worker.heartbeat-url",
        severity: Severity::Error,
        title: "Heartbeats go to an https address without credentials or query",
        why: "A heartbeat carries the worker's identity. Credentials belong in `[secrets]`, and \
              the agent adds what it has to say itself.",
        run: heartbeat_url,
    },
    Rule {
        code: "worker.heartbeat-interval",
        severity: Severity::Error,
        title: "A worker may lose a heartbeat before it counts as offline",
        why: "With less than two intervals of silence allowed, one lost packet takes a healthy \
              worker out of service.",
        run: heartbeat_interval,
    },
    Rule {
        code: "worker.heartbeat-key",
        severity: Severity::Error,
        title: "Workers that send heartbeats have the key that the API asks for",
        why: "The API refuses a heartbeat without WORKER_API_KEY, and the worker counts as \
              offline from its first minute.",
        run: heartbeat_key,
    },
    Rule {
        code: "worker.namespace",
        severity: Severity::Error,
        title: "The metrics' namespace is the fleet's own and made of CloudWatch's characters",
        why: "CloudWatch API reference, PutMetricData: 1 to 255 of letters, digits and . - _ / # \
              :, not beginning with a colon; `AWS/` is kept for AWS's services.",
        run: namespace,
    },
    Rule {
        code: "worker.metrics-interval",
        severity: Severity::Error,
        title: "Metrics are reported in step with the minute",
        why: "Alarms read whole minutes. An interval that neither divides 60 nor is a multiple of \
              it leaves some minutes with fewer reports than others.",
        run: metrics_interval,
    },
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

/// What is wrong with an address that should be `https://host/path`, if anything is.
pub fn https_problem(text: &str) -> Option<&'static str> {
    let Ok(url) = url::Url::parse(text) else {
        return Some("not an absolute URL");
    };
    if url.scheme() != "https" {
        return Some("not https");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Some("no host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("credentials in it");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Some("a query or a fragment");
    }
    None
}

fn heartbeat_url(context: &Context<'_>, findings: &mut Findings) {
    let Some(url) = &context.fleet.worker.heartbeat.url else {
        return;
    };
    if let Some(problem) = https_problem(url) {
        findings.push(
            Finding::new(
                Path::of("worker.heartbeat.url"),
                "heartbeats cannot be sent to this address",
            )
            .label(problem)
            .help("write an address such as \"https://api.example.com/heartbeat\""),
        );
    }
}

fn heartbeat_interval(context: &Context<'_>, findings: &mut Findings) {
    let heartbeat = &context.fleet.worker.heartbeat;
    let interval = heartbeat.interval_seconds.get();
    let offline = heartbeat.offline_after_seconds.get();
    if offline >= 2 * interval {
        return;
    }
    let (interval_key, offline_key) = (
        "worker.heartbeat.interval_seconds",
        "worker.heartbeat.offline_after_seconds",
    );
    let (place, other) = if context.is_typed(offline_key) {
        (offline_key, interval_key)
    } else {
        (interval_key, offline_key)
    };
    findings.push(
        Finding::new(
            Path::of(place),
            format!(
                "a heartbeat every {interval} s does not fit into {offline} s until a worker \
                 counts as offline"
            ),
        )
        .label("one lost heartbeat would be enough")
        .related(Path::of(other), "the other of the two")
        .help(format!(
            "set `offline_after_seconds` to {} or more",
            2 * interval
        )),
    );
}

fn heartbeat_key(context: &Context<'_>, findings: &mut Findings) {
    const KEY: &str = "WORKER_API_KEY";
    let sends = context.fleet.worker.heartbeat.url.is_some();
    if sends && !context.fleet.secrets.contains_key(KEY) {
        findings.push(
            Finding::new(
                Path::of("worker.heartbeat.url"),
                format!("heartbeats are sent without {KEY}"),
            )
            .label("this API asks for a key")
            .related(Path::of("secrets"), "the key is not among the secrets")
            .help(format!(
                "add {KEY} = {{ store = \"secretsmanager\", read = \"boot\", rotate_after_days = \
                 90 }} to `[secrets]`"
            )),
        );
    }
}

fn namespace(context: &Context<'_>, findings: &mut Findings) {
    let namespace = &context.fleet.worker.metrics.namespace;
    let characters = namespace.chars().all(|character| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_' | '/' | '#' | ':')
    });
    let length = namespace.chars().count();
    let label = if namespace.to_ascii_lowercase().starts_with("aws/") {
        "kept for AWS's own services"
    } else if !(1..=255).contains(&length) {
        "not 1 to 255 characters"
    } else if !characters || namespace.starts_with(':') {
        "not made of CloudWatch's characters"
    } else {
        return;
    };
    findings.push(
        Finding::new(
            Path::of("worker.metrics.namespace"),
            format!("metrics cannot be sent to the namespace `{namespace}`"),
        )
        .label(label)
        .help("use letters, digits and . - _ / # :, such as \"Valet/Workers\""),
    );
}

fn metrics_interval(context: &Context<'_>, findings: &mut Findings) {
    let interval = context.fleet.worker.metrics.interval_seconds.get();
    if 60 % interval != 0 && !interval.is_multiple_of(60) {
        findings.push(
            Finding::new(
                Path::of("worker.metrics.interval_seconds"),
                format!("{interval} s is out of step with the minute"),
            )
            .label("neither divides 60 nor is a multiple of it")
            .help("use 10, 12, 15, 20, 30, 60, 120, 180, 240 or 300"),
        );
    }
}

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
    let (place, other) = if context.is_typed(adspower_key) {
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
    let (place, other) = if context.is_typed(novnc) {
        (novnc, adspower)
    } else {
        (adspower, novnc)
    };
    findings.push(
        Finding::new(
            Path::of(place),
            format!("AdsPower and noVNC would both listen on port {port}"),
        )
        .label("taken")
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
    for (index, first) in repeated(tasks) {
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
