//! What every request needs.

use tokio::task::JoinSet;

use crate::config::{Config, FleetSettings};
use crate::database::Database;
use crate::identity::Certificates;
use crate::page::PageSettings;
use crate::registry::{Pulses, keep_hearing};

/// The control plane.
#[derive(Clone)]
pub struct Control {
    pub database: Database,
    pub certificates: Certificates,
    pub fleets: Vec<FleetSettings>,
    pub pulses: Pulses,
    pub page: PageSettings,
}

impl Control {
    #[must_use]
    pub fn new(database: Database, certificates: Certificates, config: &Config) -> Self {
        Self {
            database,
            certificates,
            fleets: config.fleets.clone(),
            pulses: Pulses::default(),
            page: config.page.clone(),
        }
    }

    /// Runs what a replica does besides answering, until it is dropped.
    #[must_use]
    pub fn start(&self) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_hearing(self.database.clone()));
        tasks.spawn(self.pulses.clone().keep_listening(self.database.clone()));
        tasks.spawn(self.pulses.clone().keep_flushing(self.database.clone()));
        tasks
    }

    /// Whether instances of this account and region may belong to a fleet.
    #[must_use]
    pub fn has_account(&self, account: &str, region: &str) -> bool {
        self.fleets
            .iter()
            .any(|fleet| fleet.account == account && fleet.region == region)
    }

    /// Whether the group is a fleet of this account and region.
    #[must_use]
    pub fn has_group(&self, group: &str, account: &str, region: &str) -> bool {
        self.fleets
            .iter()
            .any(|fleet| fleet.group == group && fleet.account == account && fleet.region == region)
    }
}
