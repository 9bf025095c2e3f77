//! Judges: real programs that somebody else wrote, which decide whether what we make is right.
//!
//! Each is a Go module in `tests/judges/`, whose `tool` lines say what is built and whose `go.sum` says
//! of what. A judge is built once per machine, into `valet-gen/judges/<name>-<version>` of the user's
//! cache folder (`XDG_CACHE_HOME`, or `~/.cache`), and is found there from then on. The module cache
//! and the build cache of a build are its own and are deleted after it.

mod build;
mod module;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use build::BuildContext;

use crate::problem::Problem;
use crate::{folders, skip};

pub use module::GoModule;

/// A judge, and what its build takes.
#[derive(Debug)]
pub struct Judge {
    /// Its folder in `tests/judges/`.
    pub name: &'static str,
    /// What its programs are called in the cache, in the order of the `tool` lines.
    pub programs: &'static [&'static str],
    /// Free disk that the build takes at its peak, in GiB: measured, and rounded up.
    pub disk: u64,
    /// Which tests ask it.
    pub seat: Seat,
    /// How long the build takes on two cores that have nothing else to do, in minutes.
    pub minutes: &'static str,
    ldflags: &'static str,
    environment: &'static [(&'static str, &'static str)],
}

/// Which tests ask a judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Tests of the plain test command.
    EveryRun,
    /// Tests of the deep run alone.
    DeepRun,
    /// No test yet.
    Nowhere,
}

const fn judge(name: &'static str, programs: &'static [&'static str]) -> Judge {
    Judge {
        name,
        programs,
        disk: 5,
        seat: Seat::Nowhere,
        minutes: "5",
        ldflags: "",
        environment: &[],
    }
}

/// Judges GitHub workflows and actions.
pub const ACTIONLINT: Judge = Judge {
    disk: 1,
    seat: Seat::EveryRun,
    minutes: "0.2",
    ..judge("actionlint", &["actionlint"])
};

/// Judges whether a file holds a secret.
pub const GITLEAKS: Judge = Judge {
    disk: 1,
    seat: Seat::EveryRun,
    minutes: "0.5",
    ..judge("gitleaks", &["gitleaks"])
};

/// Judges the rendered modules as the other Terraform.
pub const TOFU: Judge = Judge {
    seat: Seat::EveryRun,
    ..judge("tofu", &["tofu"])
};

/// Judges the rendered template of the image.
pub const PACKER: Judge = Judge {
    seat: Seat::DeepRun,
    minutes: "2",
    ..judge("packer", &["packer"])
};

/// Packer's plugin for Amazon, without which it judges no template of ours.
pub const PACKER_PLUGIN_AMAZON: Judge = Judge {
    seat: Seat::DeepRun,
    minutes: "3",
    ..judge("packer-plugin-amazon", &["packer-plugin-amazon"])
};

/// The engine that the workers take their tasks from. Without its version the SDK takes it for an
/// engine of old.
pub const HATCHET: Judge = Judge {
    seat: Seat::DeepRun,
    minutes: "4",
    ldflags: "-X main.Version=v0.90.0",
    ..judge(
        "hatchet",
        &["hatchet-admin", "hatchet-lite", "hatchet-migrate"],
    )
};

/// Judges the rendered Terraform by the checks that it holds in itself.
pub const TRIVY: Judge = Judge {
    disk: 8,
    seat: Seat::DeepRun,
    minutes: "7",
    environment: &[("GOEXPERIMENT", "jsonv2")],
    ..judge("trivy", &["trivy"])
};

/// All, those that are built quickly first.
pub const JUDGES: [&Judge; 7] = [
    &GITLEAKS,
    &ACTIONLINT,
    &TOFU,
    &PACKER,
    &PACKER_PLUGIN_AMAZON,
    &HATCHET,
    &TRIVY,
];

impl Judge {
    /// What its go.mod says.
    pub fn module(&self) -> Result<GoModule, String> {
        build::module_of(&self.source())
    }

    /// Its only program, or the first; see [`Judge::program`].
    pub fn only_program(&self) -> Result<PathBuf, Problem> {
        self.program(self.programs[0])
    }

    /// One of its programs, built by the first test of this machine that asks.
    ///
    /// # Errors
    ///
    /// [`Problem::Missing`] where it cannot be built here, as without Go or with too little disk.
    pub fn program(&self, program: &str) -> Result<PathBuf, Problem> {
        Ok(self.folder()?.join(program))
    }

    /// One of its programs. Skips the test where it cannot be built here.
    pub fn program_or_skip(&self, program: &str) -> Option<PathBuf> {
        match self.program(program) {
            Ok(path) => Some(path),
            Err(Problem::Missing(why) | Problem::Failed(why)) => {
                skip(&why);
                None
            }
        }
    }

    /// The folder of the cache that holds its programs. A build that failed is not tried again by
    /// another test of the same process.
    fn folder(&self) -> Result<PathBuf, Problem> {
        type Built = Arc<OnceLock<Result<PathBuf, String>>>;
        static BUILT: Mutex<BTreeMap<&str, Built>> = Mutex::new(BTreeMap::new());
        // Held no longer than it takes to look: who asks one judge does not wait for another's build.
        let built = BUILT
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(self.name)
            .or_default()
            .clone();
        built
            .get_or_init(|| build::folder_of(self, &BuildContext::of(self)?))
            .clone()
            .map_err(|why| Problem::Missing(format!("{} is not there: {why}", self.name)))
    }

    /// The folder of its Go module.
    #[must_use]
    pub fn source(&self) -> PathBuf {
        folders::repository().join("tests/judges").join(self.name)
    }
}
