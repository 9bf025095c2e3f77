//! Rules about `[worker]`: the ports of its programs, and Hatchet.

use super::finding::{Finding, Findings};
use super::identifiers::{did_you_mean, duplicates};
use super::rule::{Context, Rule};
use crate::catalog::most_similar;
use crate::diagnostic::Severity;
use crate::fleet::{Tls, Worker};
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "worker.ports-clash",
        severity: Severity::Error,
        title: "Every program of an instance listens on a port of its own",
        reason: "The one that starts second would fail, and systemd would restart it for ever.",
        run: ports_clash,
    },
    Rule {
        code: "worker.task-name",
        severity: Severity::Error,
        title: "Tasks are named as Hatchet names them",
        reason: "The fleet scales by the queues of these names; one with a space or an upper-case \
              letter matches no queue, because Hatchet lower-cases names.",
        run: task_name,
    },
    Rule {
        code: "worker.task-twice",
        severity: Severity::Error,
        title: "Every task is listed once",
        reason: "Its queue would count twice, and the fleet grow twice as fast.",
        run: task_twice,
    },
    Rule {
        code: "worker.label-placeholder",
        severity: Severity::Error,
        title: "Between braces in a label of `worker.hatchet.labels` stands a word that the agent fills in",
        reason: "Any other one would be sent to Hatchet unchanged, and match no workflow.",
        run: label_placeholder,
    },
    Rule {
        code: "worker.label-name",
        severity: Severity::Error,
        title: "Every label of `worker.hatchet.labels` has a name",
        reason: "Workflows ask for a label by its name.",
        run: label_name,
    },
    Rule {
        code: "worker.tls-none",
        severity: Severity::Warning,
        title: "The connection to Hatchet is encrypted",
        reason: "Tokens and the input of tasks would cross the network as plain text.",
        run: tls_none,
    },
];

/// What listens on a port of its own on each instance: its name, the port's key, and the port.
fn listeners(worker: &Worker) -> Vec<(&'static str, &'static str, u32)> {
    let mut listeners = vec![
        (
            "AdsPower",
            "worker.adspower.port",
            worker.adspower.port.get(),
        ),
        ("noVNC", "worker.novnc.port", worker.novnc.port.get()),
    ];
    if let Some(port) = worker.metrics.port {
        listeners.push(("the agent's figures", "worker.metrics.port", port.get()));
    }
    listeners
}

fn ports_clash(context: &Context<'_>, findings: &mut Findings) {
    let mut listeners = listeners(&context.fleet.worker);
    // A port that nobody typed is never the one to blame.
    listeners.sort_by_key(|(_, key, _)| context.is_declared(key));
    for (index, first) in duplicates(listeners.iter().map(|(_, _, port)| *port)) {
        let (name, place, port) = listeners[index];
        let (other_name, other, _) = listeners[first];
        findings.push(
            Finding::new(
                Path::of(place),
                format!("{other_name} and {name} would both listen on port {port}"),
            )
            .label("taken")
            .related(Path::of(other), "the same port")
            .help(
                "choose another one; by default AdsPower has 50325, noVNC 6080, and the agent's figures none",
            ),
        );
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
                    format!("`{name}` is not a valid Hatchet task name"),
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

fn label_name(context: &Context<'_>, findings: &mut Findings) {
    for key in context.fleet.worker.hatchet.labels.keys() {
        if key.trim().is_empty() {
            findings.push(
                Finding::new(
                    Path::of("worker.hatchet.labels").key(key),
                    "a label has no name",
                )
                .on_key()
                .label("an empty name")
                .help("name it as a workflow asks for it, such as `region`"),
            );
        }
    }
}

fn label_placeholder(context: &Context<'_>, findings: &mut Findings) {
    for (key, label) in &context.fleet.worker.hatchet.labels {
        if let Some(name) = unknown_placeholder(label) {
            findings.push(
                Finding::new(
                    Path::of("worker.hatchet.labels").key(key),
                    format!("{{{name}}} is not a placeholder of labels"),
                )
                .label("would be sent to Hatchet unchanged")
                .help(did_you_mean(
                    most_similar(name, PLACEHOLDERS),
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
            .label("tokens cross the network as plain text")
            .help("use \"tls\"; \"none\" is for a test engine on the same host"),
        );
    }
}
