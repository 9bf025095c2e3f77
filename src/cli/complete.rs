//! What a shell completes besides the words of the command line itself: names that stand in fleet.toml, codes, suites.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::CompleteEnv;

use super::Cli;
use super::pipeline::fleet_file;
use crate::{load, reference};

/// The variable by which a shell asks for completions, with the shell's name as its value.
pub const VARIABLE: &str = "VALET_GEN_COMPLETE";

/// Answers a shell that asks for completions, and ends the process then.
pub fn answer_shell() {
    CompleteEnv::with_factory(Cli::command)
        .var(VARIABLE)
        .bin("valet-gen")
        .complete();
}

/// The environments of the fleet.toml that a command would read.
pub fn environments() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let Ok(source) = load::read(&fleet_file(Path::new("fleet.toml"))) else {
            return Vec::new();
        };
        let loaded = load::load(&source).map(|loaded| loaded.environments);
        let names = loaded.into_iter().flatten();
        names
            .map(|environment| CompletionCandidate::new(environment.name))
            .collect()
    })
}

/// Every diagnostic code, with what it says.
pub fn codes() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let candidate = |explanation: crate::diagnostic::Explanation| {
            CompletionCandidate::new(explanation.code).help(Some(explanation.title.into()))
        };
        reference::explanations().map(candidate).collect()
    })
}

/// The suites that an image is made of.
pub fn suites() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        ["noble", "jammy", "trixie", "bookworm"]
            .map(CompletionCandidate::new)
            .into()
    })
}
