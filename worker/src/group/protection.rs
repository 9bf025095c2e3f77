//! Scale-in protection: on from the first lease, off after some idle time.
//!
//! A busy host sets it once and an idle one takes it off once, however many tasks run in between:
//! all Auto Scaling calls of an account share one rate limit.

use super::call::{CallOutcome, outcome, until_settled};
use crate::host::Host;
use crate::state::{HostState, Identity};

/// Keeps the protection as the leases want it, while the instance is in service.
pub async fn run(host: &Host, identity: &Identity) {
    let Some(settings) = &host.config.group.scale_in_protection else {
        return;
    };
    let idle = settings.idle_seconds.duration();
    // What an earlier process of the agent has set is not known: an idle host takes it off once.
    let mut protected = None;
    loop {
        let wanted = tokio::select! {
            () = host.wait_until(|current| may_change(current) && busy(current)),
                if protected != Some(true) => true,
            () = idle_for(host, idle), if protected != Some(false) => false,
        };
        let call = || async {
            let result = host
                .aws
                .autoscaling
                .set_instance_protection()
                .auto_scaling_group_name(&identity.group)
                .instance_ids(&identity.instance_id)
                .protected_from_scale_in(wanted)
                .send()
                .await;
            outcome("SetInstanceProtection", &result)
        };
        // Invalid: the instance has left service meanwhile, and there is nothing to protect.
        let outcome = tokio::select! {
            outcome = until_settled(call, |outcome, _| outcome == CallOutcome::Invalid) => outcome,
            // The leases want the opposite by now.
            () = host.wait_until(|current| busy(current) != wanted) => continue,
        };
        if outcome == CallOutcome::Done {
            tracing::info!(protected = wanted, "scale-in protection changed");
        }
        protected = Some(wanted);
    }
}

/// `SetInstanceProtection` is refused for an instance that is not in service.
fn may_change(current: &HostState) -> bool {
    current.group.in_service && current.group.launched
}

fn busy(current: &HostState) -> bool {
    current.leases > 0
}

/// Resolves when there has been no lease for this long.
async fn idle_for(host: &Host, idle: std::time::Duration) {
    loop {
        host.wait_until(|current| may_change(current) && !busy(current))
            .await;
        tokio::select! {
            () = tokio::time::sleep(idle) => return,
            () = host.wait_until(|current| busy(current) || !may_change(current)) => {}
        }
    }
}
