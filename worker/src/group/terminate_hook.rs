//! The terminate lifecycle hook: extended while the host drains for the group, completed when the
//! drain is finished.

use std::time::Duration;

use super::call::{CallOutcome, outcome, until_settled};
use crate::host::{Host, HostFor};
use crate::state::part::Group;
use crate::state::{DrainSource, DrainState, HostState, Identity};

/// Extends and completes the hook, each time that the group ends the instance.
pub async fn run(host: &HostFor<Group>, identity: &Identity) {
    loop {
        host.wait_until(drains_for_group).await;
        tokio::select! {
            () = host.wait_until(finished) => {}
            () = host.wait_until(|current| !drains_for_group(current)) => continue,
            () = extend(host, identity) => {}
        }
        tokio::select! {
            () = complete(host, identity) => {}
            () = host.wait_until(|current| !drains_for_group(current)) => {}
        }
        // The group may take the instance back, and end it again later: that is another action.
        host.wait_until(|current| !drains_for_group(current)).await;
        host.update(|current| std::mem::take(current.completed_mut()));
    }
}

fn drains_for_group(current: &HostState) -> bool {
    let drain = current.drain.as_ref();
    drain.is_some_and(|drain| drain.causes.contains_key(&DrainSource::Group))
}

fn finished(current: &HostState) -> bool {
    let drain = current.drain.as_ref();
    drain.is_some_and(DrainState::finished) && drains_for_group(current)
}

/// Extends the hook at a third of its timeout. Never ends.
async fn extend(host: &Host, identity: &Identity) {
    let every = Duration::from_secs(u64::from(host.config.group.hook_seconds)) / 3;
    loop {
        tokio::time::sleep(every).await;
        let result = host
            .aws
            .autoscaling
            .record_lifecycle_action_heartbeat()
            .auto_scaling_group_name(&identity.group)
            .lifecycle_hook_name(&host.config.group.hook)
            .instance_id(&identity.instance_id)
            .send()
            .await;
        if outcome("RecordLifecycleActionHeartbeat", &result) == CallOutcome::Done {
            tracing::info!("terminate lifecycle hook extended");
        }
    }
}

async fn complete(host: &HostFor<Group>, identity: &Identity) {
    let call = || async {
        let result = host
            .aws
            .autoscaling
            .complete_lifecycle_action()
            .auto_scaling_group_name(&identity.group)
            .lifecycle_hook_name(&host.config.group.hook)
            .instance_id(&identity.instance_id)
            .lifecycle_action_result("CONTINUE")
            .send()
            .await;
        outcome("CompleteLifecycleAction", &result)
    };
    // Invalid may mean "not yet": the target state is a little ahead of the hook's action.
    until_settled(call, |_, _| false).await;
    tracing::info!("terminate lifecycle hook completed");
    host.update(|current| {
        *current.completed_mut() = true;
        true
    });
}
