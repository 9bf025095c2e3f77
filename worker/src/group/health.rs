//! `SetInstanceHealth`: an unhealthy host has itself replaced.

use valet_protocol::local_api::State;

use super::call::{CallOutcome, outcome, until_settled};
use crate::host::HostFor;
use crate::state::Identity;
use crate::state::part::Group;

/// Marks the instance unhealthy once the host is. That is final: the group ends the instance.
pub async fn run(host: &HostFor<Group>, identity: &Identity) {
    host.wait_until(|current| current.state == State::Unhealthy)
        .await;
    let cause = host.read(|current| current.cause.clone());
    let call = || async {
        let result = host
            .aws
            .autoscaling
            .set_instance_health()
            .instance_id(&identity.instance_id)
            .health_status("Unhealthy")
            .should_respect_grace_period(false)
            .send()
            .await;
        outcome("SetInstanceHealth", &result)
    };
    // Invalid: the instance is in no group, and will not be.
    let result = until_settled(call, |outcome, _| outcome == CallOutcome::Invalid).await;
    if result == CallOutcome::Done {
        tracing::info!(
            cause,
            "instance marked unhealthy; the Auto Scaling group replaces it"
        );
    }
    host.update(|current| {
        *current.marked_unhealthy_mut() = true;
        true
    });
}
