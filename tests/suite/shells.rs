//! Completion in real interactive shells, on a terminal: what a person sees who presses Tab.
#![cfg(unix)]

use std::fs;
use std::process::Command;

use tempfile::tempdir;

/// Drives a shell on a pseudo terminal: types a line, presses Tab twice and prints what the shell shows. The arguments are
/// the shell's command, what it is told first, and lines to complete.
const DRIVER: &str = r#"
import os, pty, re, select, sys, time

shell, setup, lines = sys.argv[1].split(" "), sys.argv[2], sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm", PS1="> ", LINES="60", COLUMNS="160")
    os.execvp(shell[0], shell)
import fcntl, struct, termios
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 160, 0, 0))

def read(quiet, limit):
    seen, end = b"", time.time() + limit
    while time.time() < end:
        ready, _, _ = select.select([terminal], [], [], quiet)
        if not ready:
            break
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        # fish asks the terminal what it is.
        if b"\x1b[c" in chunk or b"\x1b[0c" in chunk:
            os.write(terminal, b"\x1b[?62c")
        seen += chunk
    return seen.decode(errors="replace")

read(1.5, 20)
os.write(terminal, (setup + "\r").encode())
read(2.0, 30)
for line in lines:
    os.write(terminal, line.encode())
    read(0.5, 10)
    os.write(terminal, b"\t")
    shown = read(1.5, 20)
    os.write(terminal, b"\t")
    shown += read(1.5, 20)
    os.write(terminal, b"\x15\x03")
    read(0.5, 5)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>()][0-9A-Za-z]?", "", shown)
    print("=== " + line)
    print(shown)
os.write(terminal, b"exit\r")
"#;

const FLEET: &str = r#"[fleet]
name = "valet"
region = "us-east-1"
[instances]
types = [{ instance_type = "m7i.large" }]
[environments.preview-blue]
[environments.production]
"#;

/// Lines, and what completing each shows.
const CASES: [(&str, &[&str]); 5] = [
    ("valet-gen val", &["validate"]),
    ("valet-gen render --environment pre", &["preview-blue"]),
    (
        "valet-gen explain network.zone-not",
        &["network.zone-not-in-region"],
    ),
    ("valet-gen graph --format mer", &["mermaid"]),
    ("valet-gen bake --suite boo", &["bookworm"]),
];

fn completes(shell: &str, command: &str, setup: &str) {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {shell}")])
        .output();
    if !found.is_ok_and(|found| found.status.success()) {
        test_support::skip(&format!("{shell} is not installed"));
        return;
    }
    let whole = tempdir().expect("a folder");
    fs::write(whole.path().join("fleet.toml"), FLEET).expect("written");
    let program = env!("CARGO_BIN_EXE_valet-gen");
    let folder = std::path::Path::new(program).parent().expect("a folder");
    let path = format!(
        "{}:{}",
        folder.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let driven = Command::new("python3")
        .args(["-c", DRIVER, command, setup])
        .args(CASES.map(|(line, _)| line))
        .current_dir(whole.path())
        .env("PATH", path)
        .env("HOME", whole.path())
        .env("ZDOTDIR", whole.path())
        .output();
    let shown = driven.expect("python3 runs");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    for (line, words) in CASES {
        let section = shown
            .split("=== ")
            .find_map(|section| section.strip_prefix(line))
            .unwrap_or_else(|| panic!("{shell} never came to {line:?}:\n{shown}"));
        // A shell shows the rest of the word, or the whole one.
        for word in words {
            let typed = line.rsplit(' ').next().unwrap_or_default();
            let rest = word.strip_prefix(typed).unwrap_or(word);
            assert!(section.contains(rest), "{shell}, {line:?}:\n{section}");
        }
    }
}

#[test]
fn bash_completes() {
    completes(
        "bash",
        "bash --norc --noprofile -i",
        "source <(valet-gen completions bash)",
    );
}

#[test]
fn zsh_completes() {
    completes(
        "zsh",
        "zsh -f -i",
        "autoload -Uz compinit && compinit -u -D; source <(valet-gen completions zsh)",
    );
}

#[test]
fn fish_completes() {
    completes(
        "fish",
        "fish --no-config -i",
        "valet-gen completions fish | source",
    );
}
