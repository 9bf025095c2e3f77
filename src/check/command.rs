//! The rule about the runtime's command, which systemd starts.

use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "worker.command",
        severity: Severity::Error,
        title: "The runtime's command begins with a program that systemd can start",
        reason: "systemd starts it without a shell, from its search path. It refuses a relative path \
                 and a folder, and reads a mark before the program (- @ : + ! |) as an option; a \
                 command in one string is a program of that whole name, which nobody has (203/EXEC).",
        run: program,
    },
    Rule {
        code: "worker.command-argument",
        severity: Severity::Error,
        title: "The arguments of the runtime's command are texts that a unit can hold",
        reason: "A unit file has no way to write a control character, Linux takes 131,071 bytes of an \
                 argument, and an empty one is a mistake more often than not.",
        run: arguments,
    },
];

/// Marks that systemd reads before a program's path (systemd.service(5), "Command lines").
const PREFIXES: [char; 6] = ['-', '@', ':', '+', '!', '|'];

/// The longest name of a file and the longest path, in bytes (`NAME_MAX` and `PATH_MAX` without its last byte).
const MAX_NAME_BYTES: usize = 255;
const MAX_PATH_BYTES: usize = 4095;

/// The longest argument of a program, in bytes: `MAX_ARG_STRLEN` of Linux without its last byte.
const MAX_ARGUMENT_BYTES: usize = 131_071;

/// What is wrong with a word, and what to do.
struct Problem {
    message: String,
    label: String,
    help: String,
}

impl Problem {
    fn new(message: impl Into<String>, label: &str, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            label: label.to_owned(),
            help: help.into(),
        }
    }
}

fn path() -> Path {
    Path::of("worker.runtime.command")
}

fn report(index: usize, problem: Problem, findings: &mut Findings) {
    findings.push(
        Finding::new(path().index(index), problem.message)
            .label(problem.label)
            .help(problem.help),
    );
}

fn program(context: &Context<'_>, findings: &mut Findings) {
    let command = &context.fleet.worker.runtime.command;
    let Some(program) = command.first() else {
        findings.push(
            Finding::new(path(), "the runtime has no program to start")
                .label("an empty list")
                .help("write [\"node\", \"/opt/valet/runtime/main.js\"], or leave out `command`"),
        );
        return;
    };
    if let Some(problem) = word_problem(program, "the program").or_else(|| program_problem(program))
    {
        report(0, problem, findings);
    }
}

fn arguments(context: &Context<'_>, findings: &mut Findings) {
    let command = context.fleet.worker.runtime.command.iter();
    for (index, word) in command.enumerate().skip(1) {
        if let Some(problem) = word_problem(word, "an argument") {
            report(index, problem, findings);
        }
    }
}

fn word_problem(word: &str, what: &str) -> Option<Problem> {
    if word.is_empty() {
        return Some(Problem::new(
            format!("{what} of the runtime's command is empty"),
            "an empty text",
            "remove it",
        ));
    }
    if let Some(control) = word.chars().find(|letter| letter.is_control()) {
        return Some(Problem::new(
            format!("{what} of the runtime's command contains the control character {control:?}"),
            "a unit file cannot hold it",
            "remove it, or let the program produce it from an escape sequence",
        ));
    }
    (word.len() > MAX_ARGUMENT_BYTES).then(|| {
        Problem::new(
            format!("{what} of the runtime's command has {} bytes", word.len()),
            "Linux takes 131,071 bytes at most",
            "put it into a file that the program reads",
        )
    })
}

/// What is wrong with a program that is a word.
fn program_problem(program: &str) -> Option<Problem> {
    if program.contains(char::is_whitespace) {
        let words: Vec<&str> = program.split_whitespace().collect();
        return Some(Problem::new(
            "the runtime's command is one string instead of a list of arguments",
            "systemd looks for a program of this whole name",
            format!("write {}", list(&words)),
        ));
    }
    if let Some(prefix) = program
        .chars()
        .next()
        .filter(|first| PREFIXES.contains(first))
    {
        return Some(Problem::new(
            format!("the runtime's program begins with `{prefix}`"),
            "systemd reads it as an option, not as a part of the name",
            "write the program's path, or its bare name",
        ));
    }
    if program.contains('$') {
        return Some(Problem::new(
            "the runtime's program has a `$` in its path",
            "systemd expands no variables here",
            "write the path as it is on the image",
        ));
    }
    if program.ends_with('/') || matches!(program, "." | "..") {
        return Some(Problem::new(
            format!("`{program}` is a folder, not a program"),
            "a folder",
            "write the path of the program in it",
        ));
    }
    if program.contains('/') && !program.starts_with('/') {
        return Some(Problem::new(
            format!("`{program}` is a relative path, and the service has no working directory"),
            "a relative path",
            "write the whole path, or the bare name of a program",
        ));
    }
    let is_long = program.len() > MAX_PATH_BYTES
        || program.split('/').any(|name| name.len() > MAX_NAME_BYTES);
    is_long.then(|| {
        Problem::new(
            "the runtime's program has a path that is too long",
            "a file's name has 255 bytes at most, a path 4,095",
            "write a shorter path",
        )
    })
}

/// A list of words as TOML has it.
fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("[{}]", quoted.join(", "))
}
