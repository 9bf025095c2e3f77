use serde_json::json;

use super::*;

#[test]
fn an_order_of_a_later_version_is_read_and_known_as_unknown() {
    let reply: HeartbeatResponse = serde_json::from_value(json!({
        "order": { "id": "o-1", "action": "defragment", "speed": 9 },
        "weather": "fine",
    }))
    .expect("unknown keys are ignored");
    let order = reply.order.expect("an order");
    assert_eq!(
        (order.id.as_str(), order.action),
        ("o-1", OrderAction::Unknown)
    );
    assert_eq!(reply.acknowledged, Vec::<String>::new());
}

#[test]
fn an_empty_reply_asks_for_nothing() {
    let reply: HeartbeatResponse = serde_json::from_str("{}").expect("it is a reply");
    assert_eq!(reply, HeartbeatResponse::default());
}

#[test]
fn a_heartbeat_is_written_in_camel_case_without_the_identity_document() {
    let heartbeat = Heartbeat {
        version: VERSION,
        boot_id: "b".to_owned(),
        seq: 7,
        status: State::Ready,
        cause: "up".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        lifecycle: Some("InService".to_owned()),
        group: "g".to_owned(),
        worker_id: None,
        slots: 3,
        ads_power_status: AdsPowerStatus::Running,
        leases: vec![ActiveLease {
            id: "l".to_owned(),
            task: None,
            started_at: Timestamp::UNIX_EPOCH,
        }],
        ended: Vec::new(),
        orders: vec![OrderStatus {
            id: "o-1".to_owned(),
            outcome: OrderOutcome::Accepted,
            detail: None,
        }],
        versions: Versions {
            worker: "1".to_owned(),
            kernel: "6".to_owned(),
        },
    };
    assert_eq!(
        serde_json::to_value(heartbeat).expect("JSON"),
        json!({
            "version": 2, "bootId": "b", "seq": 7, "status": "ready", "cause": "up",
            "since": "1970-01-01T00:00:00Z", "lifecycle": "InService", "group": "g", "slots": 3,
            "adsPowerStatus": "running",
            "leases": [{ "id": "l", "startedAt": "1970-01-01T00:00:00Z" }],
            "ended": [],
            "orders": [{ "id": "o-1", "outcome": "accepted" }],
            "versions": { "worker": "1", "kernel": "6" },
        })
    );
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = own.join("control.schema.json");
    let text = format!("{:#}\n", schema().as_value());
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&path, &text).expect("written");
    }
    let committed = std::fs::read_to_string(&path).expect("committed");
    assert_eq!(committed, text, "write it again with `just bless`");
}
