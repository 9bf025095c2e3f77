//! The two programs that read what is rendered.

use std::path::PathBuf;
use std::process::Command;

use crate::trials::Problem;
use crate::{providers, tofu};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Terraform,
    Tofu,
}

impl Program {
    /// The name of the command.
    pub fn name(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::Tofu => "tofu",
        }
    }

    /// What is counted of its lifecycles.
    pub fn fleets(self) -> &'static str {
        match self {
            Self::Terraform => "fleets from nothing and back",
            Self::Tofu => "fleets from nothing and back with OpenTofu",
        }
    }

    /// The registry by which it knows providers.
    pub fn registry(self) -> &'static str {
        match self {
            Self::Terraform => providers::REGISTRY,
            Self::Tofu => tofu::REGISTRY,
        }
    }

    /// One that finds its provider and asks nobody anything.
    pub fn command(self) -> Result<Command, Problem> {
        match self {
            Self::Terraform => Ok(providers::terraform()?),
            Self::Tofu => tofu::command(),
        }
    }

    /// The lock file that makes an `init` use the provider that is there.
    pub fn lock_file(self) -> Result<PathBuf, Problem> {
        match self {
            Self::Terraform => Ok(providers::initialized()?.lock_file.clone()),
            Self::Tofu => tofu::lock_file(),
        }
    }
}
