//! The launch lifecycle hook: extended while the host starts, completed with CONTINUE when it is
//! ready, with ABANDON when the start fails.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use valet_protocol::config::LaunchHook;
use valet_protocol::local_api::State;

use super::call::{CallOutcome, outcome, until_settled};
use crate::host::{Host, HostFor};
use crate::persist;
use crate::state::Identity;
use crate::state::part::Group;

/// `ValidationError` so many times in a row means that there is no action to complete, and not that
/// the group has not begun it yet: about five minutes.
const INVALID_ATTEMPTS: u32 = 20;

/// What a restarted agent has to know: a hook is completed once in an instance's life.
#[derive(Debug, Deserialize, Serialize)]
struct SavedLaunchHook {
    result: String,
}

/// Completes the hook, if the group has one and no earlier process of this boot has done it.
pub async fn run(host: &HostFor<Group>, identity: &Identity) {
    let Some(hook) = &host.config.group.launch_hook else {
        return settled(host);
    };
    if persist::read::<SavedLaunchHook>(&host.config, persist::LAUNCH_HOOK).is_some() {
        return settled(host);
    }
    let result = tokio::select! {
        () = host.wait_until(|current| current.state == State::Ready) => "CONTINUE",
        () = host.wait_until(|current| current.state == State::Unhealthy) => "ABANDON",
        () = extend(host, identity, hook) => return,
    };
    let call = || async {
        let answer = host
            .aws
            .autoscaling
            .complete_lifecycle_action()
            .auto_scaling_group_name(&identity.group)
            .lifecycle_hook_name(&hook.name)
            .instance_id(&identity.instance_id)
            .lifecycle_action_result(result)
            .send()
            .await;
        outcome("CompleteLifecycleAction", &answer)
    };
    let no_action =
        |outcome, attempts| outcome == CallOutcome::Invalid && attempts >= INVALID_ATTEMPTS;
    match until_settled(call, no_action).await {
        CallOutcome::Done => tracing::info!(result, "launch lifecycle hook completed"),
        _ => tracing::warn!("the group has no launch lifecycle action for this instance"),
    }
    let saved = SavedLaunchHook {
        result: result.to_owned(),
    };
    persist::write(&host.config, persist::LAUNCH_HOOK, &saved);
    settled(host);
}

fn settled(host: &HostFor<Group>) {
    host.update(|current| {
        let news = !current.group.launched;
        *current.launched_mut() = true;
        news
    });
}

/// Extends the hook at a third of its timeout. Never ends.
async fn extend(host: &Host, identity: &Identity, hook: &LaunchHook) {
    let every = Duration::from_secs(u64::from(hook.seconds)) / 3;
    loop {
        tokio::time::sleep(every).await;
        let result = host
            .aws
            .autoscaling
            .record_lifecycle_action_heartbeat()
            .auto_scaling_group_name(&identity.group)
            .lifecycle_hook_name(&hook.name)
            .instance_id(&identity.instance_id)
            .send()
            .await;
        if outcome("RecordLifecycleActionHeartbeat", &result) == CallOutcome::Done {
            let cause = host.read(|current| current.cause.clone());
            tracing::info!(cause, "launch lifecycle hook extended");
        }
    }
}
