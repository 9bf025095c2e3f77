//! What is said and what is answered.

use serde::Deserialize as _;
use serde_json::Value;
use valet_protocol::heartbeat::{
    AdsPowerStatus, DrainInstruction, Heartbeat, HeartbeatResponse, SignedIdentity, Versions,
};

use crate::state::{Health, HostState, Identity, Service};

/// The host as it is now.
#[must_use]
pub fn of(current: &HostState, identity: &Identity, versions: &Versions) -> Heartbeat {
    Heartbeat {
        instance_id: identity.instance_id.clone(),
        status: current.state,
        active_tasks: current.leases,
        slots: current.slots(),
        ads_power_status: ads_power_status(current),
        versions: versions.clone(),
        identity: SignedIdentity {
            document: identity.document.clone(),
            pkcs7: identity.signature.clone(),
        },
    }
}

/// How AdsPower is.
#[must_use]
pub fn ads_power_status(current: &HostState) -> AdsPowerStatus {
    match current.health(Service::AdsPower) {
        Health::Unknown => AdsPowerStatus::Starting,
        Health::Up => AdsPowerStatus::Running,
        Health::Down => AdsPowerStatus::Error,
    }
}

/// What runs on this host.
#[must_use]
pub fn versions() -> Versions {
    let kernel = rustix::system::uname();
    Versions {
        worker: env!("CARGO_PKG_VERSION").to_owned(),
        kernel: kernel.release().to_string_lossy().into_owned(),
    }
}

/// Reads a response. It is the API's last word over hosts that work, so what is not understood asks
/// for nothing.
#[must_use]
pub fn response(body: &[u8]) -> HeartbeatResponse {
    if body.is_empty() {
        return HeartbeatResponse::default();
    }
    let response: Value = match serde_json::from_slice(body) {
        Ok(response) => response,
        Err(error) => {
            tracing::warn!(%error, "the Valet API's response is not JSON");
            return HeartbeatResponse::default();
        }
    };
    HeartbeatResponse {
        drain: response.get("drain").and_then(drain),
        resume: response.get("resume") == Some(&Value::Bool(true)),
    }
}

fn drain(value: &Value) -> Option<DrainInstruction> {
    match value {
        Value::Bool(true) => Some(DrainInstruction::default()),
        Value::Object(_) => match DrainInstruction::deserialize(value) {
            Ok(drain) => Some(drain),
            Err(error) => {
                tracing::warn!(%error, "the Valet API's drain order has invalid fields, which are ignored");
                Some(DrainInstruction::default())
            }
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing;

    fn read(value: &Value) -> HeartbeatResponse {
        response(value.to_string().as_bytes())
    }

    #[test]
    fn a_heartbeat_says_how_the_host_is() {
        let mut current = HostState::new();
        current.leases = 2;
        let versions = Versions {
            worker: "1.2.3".to_owned(),
            kernel: "6.8.0".to_owned(),
        };
        let message = of(&current, &testing::identity(), &versions);
        assert_eq!(
            serde_json::to_value(message).unwrap(),
            json!({
                "instanceId": "i-0123456789abcdef0",
                "status": "starting",
                "activeTasks": 2,
                "slots": 0,
                "adsPowerStatus": "starting",
                "versions": { "worker": "1.2.3", "kernel": "6.8.0" },
                "identity": { "document": "{}", "pkcs7": "signature" },
            })
        );
    }

    #[test]
    fn orders_are_read_in_both_forms() {
        let plain = read(&json!({ "drain": true }));
        assert_eq!(plain.drain, Some(DrainInstruction::default()));
        let full =
            read(&json!({ "drain": { "cause": "a new image", "withinSeconds": 300, "x": 1 } }));
        let expected = DrainInstruction {
            cause: Some("a new image".to_owned()),
            within_seconds: Some(300),
        };
        assert_eq!(full.drain, Some(expected));
        assert!(read(&json!({ "resume": true })).resume);
        let broken = read(&json!({ "drain": { "withinSeconds": "soon" } }));
        assert_eq!(broken.drain, Some(DrainInstruction::default()));
    }

    #[test]
    fn whatever_else_is_answered_asks_for_nothing() {
        for value in [
            json!({}),
            json!({ "ok": true }),
            json!({ "drain": false, "resume": false }),
            json!({ "drain": null, "resume": "yes" }),
            json!([1]),
            json!("drain"),
        ] {
            assert_eq!(read(&value), HeartbeatResponse::default(), "{value}");
        }
        assert_eq!(response(b""), HeartbeatResponse::default());
        assert_eq!(response(b"<html>"), HeartbeatResponse::default());
    }

    #[test]
    fn this_host_has_versions() {
        let versions = versions();
        assert!(!versions.kernel.is_empty());
        assert_eq!(versions.worker, env!("CARGO_PKG_VERSION"));
    }
}
