//! The Auto Scaling group: this instance's health, its lifecycle hooks and its scale-in protection.
//!
//! Each is a loop of its own with a backoff of its own, so that a call that keeps failing delays no
//! other.

mod call;
mod health;
mod launch_hook;
mod protection;
mod terminate_hook;

use crate::host::HostFor;
use crate::state::part::Group;

/// Keeps the group informed until the agent exits.
pub async fn run(host: HostFor<Group>) {
    let calls = async {
        host.wait_until(|current| current.identity.is_some()).await;
        let Some(identity) = host.read(|current| current.identity.clone()) else {
            return;
        };
        tokio::join!(
            health::run(&host, &identity),
            launch_hook::run(&host, &identity),
            protection::run(&host, &identity),
            terminate_hook::run(&host, &identity),
        );
    };
    tokio::select! {
        () = calls => {}
        () = host.ending().cancelled() => {}
    }
}
