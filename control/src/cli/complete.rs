//! What a shell completes.

use std::time::Duration;

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use super::arguments::Arguments;
use super::client::{Client, ServerArguments};
use super::run::{CommandError, print};

/// The variable by which a shell asks, with the shell's name as its value.
const VARIABLE: &str = "VALET_CONTROL_COMPLETE";
const NAME: &str = "valet-control";
/// How long somebody waits who presses a key.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Answers a shell that asks, and ends the process then.
pub fn answer_shell() {
    CompleteEnv::with_factory(Arguments::command)
        .var(VARIABLE)
        .bin(NAME)
        .complete();
}

/// Prints the script for a shell, which asks the program itself at every key.
pub fn script(shell: Shell) -> Result<(), CommandError> {
    let shells = Shells::builtins();
    let mut out = Vec::new();
    if let Some(shell) = shells.completer(&shell.to_string()) {
        shell
            .write_registration(VARIABLE, NAME, NAME, NAME, &mut out)
            .map_err(|error| CommandError::Io {
                what: "standard output".to_owned(),
                error,
            })?;
    }
    print(&String::from_utf8_lossy(&out))
}

/// The ids of hosts, from the server that the environment names.
pub fn hosts() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates("/api/v1/sandboxes?limit=1000", "state"))
}

/// The ids of orders that stand.
pub fn orders() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates("/api/v1/orders?standing=true", "action"))
}

/// The names of fleets.
pub fn fleets() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates("/api/v1/fleets", "region"))
}

/// The states of hosts.
pub fn states() -> ArgValueCandidates {
    ArgValueCandidates::new(|| crate::registry::STATES.map(CompletionCandidate::new).into())
}

fn candidates(path: &str, help: &str) -> Vec<CompletionCandidate> {
    let Some(server) = ServerArguments::from_environment() else {
        return Vec::new();
    };
    let answer = Client::with_timeout(&server, TIMEOUT).and_then(|client| client.get(path));
    let Ok(serde_json::Value::Array(rows)) = answer else {
        return Vec::new();
    };
    let candidate = |row: &serde_json::Value| {
        let id = row["id"].as_str()?;
        let help = row[help].as_str().map(|help| help.to_owned().into());
        Some(CompletionCandidate::new(id).help(help))
    };
    rows.iter().filter_map(candidate).collect()
}
