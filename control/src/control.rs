//! What every request needs.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::aws::{Aws, CredentialCache, CredentialSource, Endpoints};
use crate::config::{Config, FleetSettings};
use crate::database::Database;
use crate::events::EventFeed;
use crate::identity::Certificates;
use crate::leader::{Leadership, keep_leading};
use crate::outbound::Outbound;
use crate::page::PageSettings;
use crate::queue::HatchetSettings;
use crate::reaper::ReaperSettings;
use crate::registry::{Pulses, keep_hearing};

/// The control plane. Whatever answers a request has a clone, several times over: what is large is shared.
#[derive(Clone)]
pub struct Control {
    pub database: Database,
    pub certificates: Certificates,
    pub fleets: Arc<[FleetSettings]>,
    pub pulses: Pulses,
    /// What happens, for whoever watches at this replica.
    pub events: EventFeed,
    pub page: PageSettings,
    /// AWS, if it is asked at all.
    pub aws: Option<Aws>,
    pub hatchet: HatchetSettings,
    pub reaper: ReaperSettings,
    /// How long a leader leads without a word.
    pub lease_length: Duration,
    /// Whether this replica leads.
    pub leadership: Leadership,
}

impl Control {
    #[must_use]
    pub fn new(database: Database, certificates: Certificates, config: &Config) -> Self {
        Self {
            database,
            certificates,
            fleets: config.fleets.as_slice().into(),
            pulses: Pulses::default(),
            events: EventFeed::default(),
            page: config.page.clone(),
            aws: aws(config),
            hatchet: config.hatchet.clone(),
            reaper: config.reaper,
            lease_length: config.leader.lease(),
            leadership: Leadership::default(),
        }
    }

    /// Runs what a replica does besides answering, until it is dropped.
    #[must_use]
    pub fn start(&self) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_hearing(self.database.clone()));
        tasks.spawn(self.pulses.clone().keep_listening(self.database.clone()));
        tasks.spawn(self.pulses.clone().keep_flushing(self.database.clone()));
        if let Some(aws) = &self.aws {
            tasks.spawn(keep_leading(self.clone(), aws.clone()));
        }
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

/// The client of AWS, if the configuration wants one.
fn aws(config: &Config) -> Option<Aws> {
    if !config.aws.enabled {
        return None;
    }
    let variable = |name: &str| std::env::var(name).ok();
    let region = config
        .fleets
        .first()
        .map_or("us-east-1", |fleet| &fleet.region);
    Some(Aws::new(
        Outbound::default(),
        CredentialCache::new(CredentialSource::from_environment(variable, region)),
        Endpoints::new(variable, config.aws.endpoint_url.as_deref()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_what_is_large() {
        let database = Database::new("host=/nowhere", 1).expect("an address");
        let one = Control::new(database, Certificates::published(), &Config::default());
        let other = one.clone();
        let key = |control: &Control| {
            let key = control.certificates.key("eu-central-1");
            key.expect("it is published").as_ptr()
        };
        assert_eq!(key(&one), key(&other));
        assert!(Arc::ptr_eq(&one.fleets, &other.fleets));
    }
}
