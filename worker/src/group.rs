//! What the Auto Scaling group is result: that the instance is sick, that its drain goes on, and that
//! it may end.

use std::time::Duration;

use aws_sdk_autoscaling::error::ProvideErrorMetadata as _;
use valet_protocol::local_api::State;

use crate::drain::command::DrainSource;
use crate::error::chain;
use crate::host::{Host, Shared};
use crate::identity::Identity;
use crate::state::HostState;

/// The pause after a failed call, doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What the group has to be result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GroupCall {
    /// Replace this instance.
    Unhealthy,
    /// The drain is over: end it.
    Complete,
    /// The drain goes on: hold it.
    Hold,
}

/// Tells the group until the agent exits.
pub async fn run(host: Shared) {
    let mut pause = FIRST_PAUSE;
    loop {
        let call = tokio::select! {
            call = next(&host) => call,
            () = host.ending().cancelled() => return,
        };
        let result = tokio::select! {
            result = perform(&host, call) => result,
            () = host.ending().cancelled() => return,
        };
        if result {
            pause = FIRST_PAUSE;
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = host.ending().cancelled() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Waits until there is something to tell. While the hook waits for a drain, that it goes on, at a
/// third of the time that the hook is patient.
async fn next(host: &Host) -> GroupCall {
    let hold = Duration::from_secs(u64::from(host.config.group.hook_seconds)) / 3;
    loop {
        let due = async {
            let mut current = host.subscribe();
            let due = current.wait_for(|current| due(current).is_some()).await;
            due.ok().and_then(|current| self::due(&current))
        };
        let holding = async {
            host.wait_until(held).await;
            tokio::time::sleep(hold).await;
        };
        tokio::select! {
            due = due => if let Some(call) = due { return call },
            () = holding => if host.read(held) { return GroupCall::Hold },
        }
    }
}

fn due(current: &HostState) -> Option<GroupCall> {
    current.identity.as_ref()?;
    let completed = current
        .drain
        .as_ref()
        .is_some_and(|drain| drain.finished() && drain.causes.contains_key(&DrainSource::Group));
    if current.state == State::Unhealthy && !current.group.marked_unhealthy {
        Some(GroupCall::Unhealthy)
    } else if completed && !current.group.completed {
        Some(GroupCall::Complete)
    } else {
        None
    }
}

fn held(current: &HostState) -> bool {
    current.identity.is_some()
        && current.drain.as_ref().is_some_and(|drain| {
            !drain.finished() && drain.causes.contains_key(&DrainSource::Group)
        })
}

/// Tells it. Answers whether that is settled.
async fn perform(host: &Host, call: GroupCall) -> bool {
    let Some(identity) = host.read(|current| current.identity.clone()) else {
        return false;
    };
    match call {
        GroupCall::Unhealthy => mark_unhealthy(host, &identity).await,
        GroupCall::Complete => complete(host, &identity).await,
        GroupCall::Hold => {
            hold(host, &identity).await;
            true
        }
    }
}

async fn mark_unhealthy(host: &Host, identity: &Identity) -> bool {
    let cause = host.read(|current| current.cause.clone());
    let result = host
        .aws
        .autoscaling
        .set_instance_health()
        .instance_id(&identity.instance_id)
        .health_status("Unhealthy")
        .should_respect_grace_period(false)
        .send()
        .await;
    let settled = match &result {
        Ok(_) => {
            tracing::info!(
                cause,
                "instance marked unhealthy; the Auto Scaling group replaces it"
            );
            true
        }
        Err(error) => {
            failed("SetInstanceHealth", &chain(error));
            // There is no such instance in any group, and there will not be.
            error.code() == Some("ValidationError")
        }
    };
    host.update(|current| {
        current.group.marked_unhealthy = settled;
        settled
    });
    settled
}

async fn complete(host: &Host, identity: &Identity) -> bool {
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
    let settled = match &result {
        Ok(_) => {
            tracing::info!("terminate lifecycle hook completed");
            true
        }
        Err(error) => {
            // That there is no action yet is said with the same code as that there is none: the
            // target state is a little ahead of the hook.
            failed("CompleteLifecycleAction", &chain(error));
            false
        }
    };
    host.update(|current| {
        current.group.completed = settled;
        settled
    });
    settled
}

async fn hold(host: &Host, identity: &Identity) {
    let result = host
        .aws
        .autoscaling
        .record_lifecycle_action_heartbeat()
        .auto_scaling_group_name(&identity.group)
        .lifecycle_hook_name(&host.config.group.hook)
        .instance_id(&identity.instance_id)
        .send()
        .await;
    match result {
        Ok(_) => tracing::info!("terminate lifecycle hook extended"),
        Err(error) => failed("RecordLifecycleActionHeartbeat", &chain(&error)),
    }
}

fn failed(call: &str, error: &str) {
    tracing::error!(call, error, "an Auto Scaling call failed");
}
