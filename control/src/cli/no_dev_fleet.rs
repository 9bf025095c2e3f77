//! `dev --hosts` in a build that cannot play a fleet.

use super::arguments::DevArguments;
use super::run::CommandError;
use crate::config::Config;
use crate::control::Control;
use crate::identity::Certificates;

const MISSING: &str = "error[dev-fleet.not-built]: this build cannot play a fleet: releases leave it out\n  = help: in the repository, run `cargo run -p valet-control --features dev-fleet -- dev --hosts 5`; without --hosts, `dev` starts an empty server";

/// What nobody makes here.
pub enum Stage {}

/// What nobody plays here.
pub enum Playing {}

#[expect(clippy::unused_async, reason = "the other build waits here")]
pub async fn set(arguments: &DevArguments) -> Result<Option<Stage>, CommandError> {
    match arguments.hosts {
        Some(_) => Err(CommandError::DevFleet(MISSING.to_owned())),
        None => Ok(None),
    }
}

impl Stage {
    pub fn configure(&self, _: &mut Config) {
        match *self {}
    }

    pub fn pin(&self, _: &mut Certificates) -> Result<(), CommandError> {
        match *self {}
    }

    pub fn connect(&self, _: &mut Control) {
        match *self {}
    }

    pub fn play(self, _: &str, _: String) -> Playing {
        match self {}
    }
}

impl Playing {
    #[expect(clippy::unused_async, reason = "the other build waits here")]
    pub async fn end(self) {
        match self {}
    }
}
