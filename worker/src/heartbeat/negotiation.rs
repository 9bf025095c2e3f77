//! Which version of the contract is spoken, and for how long.

use std::time::Duration;

use valet_protocol::heartbeat::HeartbeatResponse;

use super::client::ApiClient;
use super::schedule::Schedule;
use super::{message, saved, version1, version2};
use crate::host::Shared;

/// How long version 1 is spoken before the server is asked for version 2 again. A server that has been
/// upgraded is found without a restart of any agent.
const VERSION_1_FOR: Duration = Duration::from_hours(6);

/// The same where this boot was enrolled before: the server will offer version 2 again.
const VERSION_1_AFTER_2_FOR: Duration = Duration::from_mins(5);

/// Why a version of the contract is not spoken any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The agent exits.
    Exit,
    /// The other version is to be tried.
    TryOther,
}

/// Says every `heartbeat.interval_seconds` how the host is, whenever its state changes, and once more
/// at the end: by version 2 of the contract where the server offers it, else by version 1. An API that
/// does not answer changes nothing on the host.
pub async fn run(host: Shared) {
    let Some(url) = host.config.heartbeat.url.clone() else {
        return;
    };
    let known = host.wait_until(|current| current.identity.is_some() && current.secrets_ready);
    tokio::select! {
        () = known => {}
        () = host.ending().cancelled() => return,
    }
    let Some(identity) = host.read(|current| current.identity.clone()) else {
        return;
    };
    let interval = host.config.heartbeat.interval_seconds.duration();
    let mut client = ApiClient {
        host,
        url,
        identity,
        versions: message::versions(),
        schedule: Schedule::new(interval),
    };
    let mut last = HeartbeatResponse::default();
    loop {
        if version2::run(&mut client).await == Ended::Exit {
            return;
        }
        let longest = if saved::is_enrolled(&client.host.config) {
            VERSION_1_AFTER_2_FOR
        } else {
            VERSION_1_FOR
        };
        let for_this_long = longest.mul_f64(0.9 + 0.2 * fastrand::f64());
        if version1::run(&mut client, &mut last, for_this_long).await == Ended::Exit {
            return;
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
