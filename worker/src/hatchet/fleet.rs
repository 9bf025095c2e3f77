//! The size of the fleet, from the Auto Scaling group.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_autoscaling::types::AutoScalingInstanceDetails;
use tokio::time::Instant;

use super::poll_schedule::Place;
use crate::error::chain;
use crate::host::Host;
use crate::identity::Identity;

/// How long a count holds, and how long the lack of one.
const HOLDS: Duration = Duration::from_mins(10);
const LACKS: Duration = Duration::from_mins(1);

/// What is known of the fleet.
#[derive(Debug, Default)]
pub struct Fleet {
    place: Option<Place>,
    /// When it is counted again.
    again: Option<Instant>,
    failing: bool,
}

impl Fleet {
    /// This instance's place, counted again where the last count is old. An instance that leaves the
    /// group keeps the place that it had.
    pub async fn place(&mut self, host: &Host, identity: &Identity) -> Place {
        if self.again.is_none_or(|again| again <= Instant::now()) {
            match in_service(host, &identity.group).await {
                Ok(fleet) => {
                    self.place = Place::among(&identity.instance_id, &fleet).or(self.place);
                    self.failing = false;
                }
                Err(reason) => {
                    if !self.failing {
                        tracing::warn!(reason, "the fleet size cannot be read");
                    }
                    self.failing = true;
                }
            }
            let holds = if self.place.is_some() { HOLDS } else { LACKS };
            self.again = Some(Instant::now() + holds.mul_f64(0.8 + 0.4 * fastrand::f64()));
        }
        self.place
            .unwrap_or_else(|| Place::unknown(&identity.instance_id))
    }
}

/// The ids of the group's instances that are in service. Only they share the questions.
async fn in_service(host: &Host, group: &str) -> Result<BTreeSet<String>, String> {
    let mut pages = host
        .aws
        .autoscaling
        .describe_auto_scaling_instances()
        .into_paginator()
        .send();
    let mut fleet = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| chain(&error))?;
        let instances = page.auto_scaling_instances().iter();
        fleet.extend(instances.filter_map(|instance| member(instance, group)));
    }
    Ok(fleet)
}

fn member(instance: &AutoScalingInstanceDetails, group: &str) -> Option<String> {
    let ours = instance.auto_scaling_group_name() == Some(group);
    let serves = instance.lifecycle_state() == Some("InService");
    (ours && serves)
        .then(|| instance.instance_id().map(ToOwned::to_owned))
        .flatten()
}
