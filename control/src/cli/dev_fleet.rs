//! `dev --hosts`: the fleet that is played, and its server.

use super::arguments::DevArguments;
use super::run::CommandError;
use crate::config::Config;
use crate::control::Control;
use crate::dev_fleet::{self, DevFleet, DevFleetError};
use crate::identity::Certificates;

/// Everything around the hosts, before there is a server.
pub struct Stage(dev_fleet::Stage);

/// The fleet while it is played.
pub struct Playing(DevFleet);

impl From<DevFleetError> for CommandError {
    fn from(error: DevFleetError) -> Self {
        Self::DevFleet(error.to_string())
    }
}

pub async fn set(arguments: &DevArguments) -> Result<Option<Stage>, CommandError> {
    let Some(hosts) = arguments.hosts else {
        return Ok(None);
    };
    dev_fleet::check()?;
    let stage = dev_fleet::Stage::set(hosts, arguments.agent.clone()).await?;
    Ok(Some(Stage(stage)))
}

impl Stage {
    /// The group is the server's one fleet.
    pub fn configure(&self, config: &mut Config) {
        config.fleets = vec![self.0.group.settings.clone()];
    }

    /// What signs the instances' documents counts in its region.
    pub fn pin(&self, certificates: &mut Certificates) -> Result<(), CommandError> {
        let pinned = certificates.pin(&self.0.group.settings.region, &self.0.certificate()?);
        pinned.map_err(|error| CommandError::DevFleet(format!("error[dev-fleet.failed]: {error}")))
    }

    /// The server asks the mock of AWS.
    pub fn connect(&self, control: &mut Control) {
        control.aws = Some(self.0.group.aws.clone());
    }

    pub fn play(self, server: &str, key: String) -> Playing {
        Playing(self.0.play(server, key))
    }
}

impl Playing {
    pub async fn end(self) {
        self.0.end().await;
    }
}
