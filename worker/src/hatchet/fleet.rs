//! The size of the fleet, from the Auto Scaling group.

use std::time::Duration;

use tokio::time::Instant;

use super::poll_schedule::PollSlot;
use crate::error::chain;
use crate::host::Host;
use crate::state::Identity;

/// How long a count holds, and how long the lack of one.
const HOLDS: Duration = Duration::from_mins(10);
const LACKS: Duration = Duration::from_mins(1);

/// What is known of the fleet.
#[derive(Debug, Default)]
pub struct Fleet {
    size: Option<u32>,
    /// When it is counted again.
    again: Option<Instant>,
    failing: bool,
}

/// Why the size is not known.
#[derive(Debug, thiserror::Error)]
enum SizeError {
    #[error("{0}")]
    Call(String),
    #[error("there is no Auto Scaling group {0}")]
    NoGroup(String),
}

impl Fleet {
    /// This instance's place, counted again where the last count is old.
    pub async fn place(&mut self, host: &Host, identity: &Identity) -> PollSlot {
        PollSlot::new(&identity.instance_id, self.size(host, identity).await)
    }

    /// Instances in service, if that is known.
    pub async fn size(&mut self, host: &Host, identity: &Identity) -> Option<u32> {
        if self.again.is_none_or(|again| again <= Instant::now()) {
            match in_service(host, &identity.group).await {
                Ok(size) => {
                    self.size = Some(size);
                    self.failing = false;
                }
                Err(reason) => {
                    if !self.failing {
                        tracing::warn!(%reason, "the fleet size cannot be read");
                    }
                    self.failing = true;
                }
            }
            let holds = if self.size.is_some() { HOLDS } else { LACKS };
            self.again = Some(Instant::now() + holds.mul_f64(0.8 + 0.4 * fastrand::f64()));
        }
        self.size
    }
}

/// How many of the group's instances are in service: one call, whatever else the account runs.
async fn in_service(host: &Host, group: &str) -> Result<u32, SizeError> {
    let output = host
        .aws
        .autoscaling
        .describe_auto_scaling_groups()
        .auto_scaling_group_names(group)
        .send()
        .await
        .map_err(|error| SizeError::Call(chain(&error)))?;
    let found = output.auto_scaling_groups().first();
    let found = found.ok_or_else(|| SizeError::NoGroup(group.to_owned()))?;
    let serves = |instance: &&aws_sdk_autoscaling::types::Instance| {
        instance
            .lifecycle_state()
            .is_some_and(|state| state.as_str() == "InService")
    };
    Ok(found.instances().iter().filter(serves).count() as u32)
}
