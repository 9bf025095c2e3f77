//! The fleet's group, in the mock of AWS.

use valet_test_kit::harness::configuration::GROUP;
use valet_test_kit::imds::Instance;
use valet_test_kit::moto;

use super::DevFleetError;
use crate::aws::{Aws, CredentialCache, CredentialSource, Endpoints};
use crate::config::FleetSettings;
use crate::outbound::Outbound;

/// The most hosts that the group may have: each takes 150 MB.
pub const MAX_HOSTS: u32 = 20;
/// The type of each.
const INSTANCE_TYPE: &str = "m7i.large";

/// The group with its settings, and the client of the mock.
pub struct Group {
    pub settings: FleetSettings,
    pub aws: Aws,
}

impl Group {
    /// Makes it with this many instances.
    pub async fn make(hosts: u32) -> Result<Self, DevFleetError> {
        let failed = DevFleetError::failed("the mock of AWS does not start");
        let mock = moto::shared().await.map_err(failed)?;
        mock.make_group(GROUP, INSTANCE_TYPE, hosts, MAX_HOSTS)
            .await
            .map_err(DevFleetError::failed("the mock of AWS makes no group"))?;
        let instance = Instance::default();
        let settings = FleetSettings {
            group: GROUP.to_owned(),
            account: valet_test_kit::identity::ACCOUNT.to_owned(),
            region: instance.region,
            alerts_topic: None,
            queue: None,
        };
        // Keys that the mock does not check.
        let keys = |name: &str| match name {
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("testing".to_owned()),
            _ => None,
        };
        let source = CredentialSource::from_environment(keys, &settings.region);
        let aws = Aws::new(
            Outbound::default(),
            CredentialCache::new(source),
            Endpoints::new(|_| None, Some(mock.url())),
        );
        Ok(Self { settings, aws })
    }

    /// Its instances now; nothing where the mock does not say.
    pub async fn instances(&self) -> Option<Vec<Instance>> {
        let names = [self.settings.group.clone()];
        let groups = self
            .aws
            .auto_scaling_groups(&self.settings.region, &names)
            .await
            .ok()?;
        let group = groups.into_iter().next()?;
        let instance = |member: crate::aws::GroupInstance| Instance {
            id: member.id,
            kind: INSTANCE_TYPE.to_owned(),
            zone: member.zone,
            ..Instance::default()
        };
        Some(group.instances.into_iter().map(instance).collect())
    }
}
