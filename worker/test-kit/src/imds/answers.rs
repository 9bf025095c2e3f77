//! What the metadata service knows of the instance.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use valet_imds::Metadata;

use super::{Instance, Notices, SpotAction};
use crate::clock;

/// How long the role's credentials hold. Auto-renewal begins minutes before their end, so an hour
/// means: never within a test.
const CREDENTIALS_LIFE: Duration = Duration::from_hours(1);

/// Everything that the service knows at the moment. What is not in it answers 404.
pub fn metadata(instance: &Instance, notices: &Notices) -> Metadata {
    let role = &instance.role;
    let mut values = vec![
        ("instance-id".to_owned(), instance.id.clone()),
        ("instance-type".to_owned(), instance.kind.clone()),
        (
            "instance-life-cycle".to_owned(),
            instance.life_cycle.clone(),
        ),
        ("ami-id".to_owned(), "ami-0123456789abcdef0".to_owned()),
        ("local-ipv4".to_owned(), "10.0.1.23".to_owned()),
        ("placement/region".to_owned(), instance.region.clone()),
        (
            "placement/availability-zone".to_owned(),
            instance.zone.clone(),
        ),
        ("services/domain".to_owned(), "amazonaws.com".to_owned()),
        (format!("iam/security-credentials/{role}"), credentials()),
        (
            "autoscaling/target-lifecycle-state".to_owned(),
            notices.target_state.clone(),
        ),
        (
            "events/maintenance/scheduled".to_owned(),
            notices.maintenance.to_string(),
        ),
    ];
    for (name, value) in instance.tags.iter().flatten() {
        values.push((format!("tags/instance/{name}"), value.clone()));
    }
    let announced = [
        (
            "spot/instance-action",
            spot(notices).map(|it| it.to_string()),
        ),
        ("spot/termination-time", terminates(notices)),
        ("events/recommendations/rebalance", rebalance(notices)),
    ];
    for (path, value) in announced {
        values.extend(value.map(|value| (path.to_owned(), value)));
    }
    let values = values
        .into_iter()
        .map(|(path, value)| (format!("meta-data/{path}"), value));
    let identity = ["document", "signature", "pkcs7", "rsa2048"]
        .into_iter()
        .map(|what| {
            let path = format!("dynamic/instance-identity/{what}");
            (path, identity(what, instance))
        });
    values.chain(identity).collect()
}

fn rebalance(notices: &Notices) -> Option<String> {
    let time = notices.rebalance.as_ref()?;
    Some(json!({ "noticeTime": time }).to_string())
}

/// One scheduled event. Its times are written as in HTTP, unlike everything else here.
pub fn maintenance(code: &str, from_now: Duration) -> Value {
    json!({
        "NotBefore": in_maintenance_text(from_now),
        "NotAfter": in_maintenance_text(from_now + Duration::from_hours(1)),
        "Code": code,
        "Description": "The instance is running on degraded hardware",
        "EventId": "instance-event-0d59937288b749b32",
        "State": "active",
    })
}

/// `21 Jan 2019 09:00:43 GMT`.
fn in_maintenance_text(from_now: Duration) -> String {
    let seconds = clock::unix_seconds() + from_now.as_secs();
    jiff::Timestamp::from_second(seconds as i64)
        .map(|time| time.strftime("%d %b %Y %H:%M:%S GMT").to_string())
        .unwrap_or_default()
}

fn spot(notices: &Notices) -> Option<Value> {
    let (action, time) = notices.spot.as_ref()?;
    let action = match action {
        SpotAction::Terminate => "terminate",
        SpotAction::Stop => "stop",
        SpotAction::Hibernate => "hibernate",
    };
    Some(json!({ "action": action, "time": time }))
}

fn terminates(notices: &Notices) -> Option<String> {
    let (action, time) = notices.spot.as_ref()?;
    (*action == SpotAction::Terminate).then(|| time.clone())
}

fn identity(what: &str, instance: &Instance) -> String {
    let document = json!({
        "accountId": "123456789012",
        "architecture": "x86_64",
        "availabilityZone": instance.zone,
        "imageId": "ami-0123456789abcdef0",
        "instanceId": instance.id,
        "instanceType": instance.kind,
        "pendingTime": "2026-11-26T00:00:00Z",
        "privateIp": "10.0.1.23",
        "region": instance.region,
        "version": "2017-09-30",
    });
    let document = serde_json::to_string_pretty(&document).unwrap_or_default();
    match what {
        "document" => document,
        // Only AWS can sign. What is asked of the agent is that it sends on what stands here,
        // so this is text of the right form that says which document it belongs to.
        _ => in_lines(&format!("{what} of {document}")),
    }
}

/// Base64 in lines of 64 characters, as the service wraps its signatures.
fn in_lines(text: &str) -> String {
    let encoded = STANDARD.encode(text);
    let lines: Vec<String> = encoded
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    lines.join("\n")
}

fn credentials() -> String {
    json!({
        "Code": "Success",
        "LastUpdated": clock::in_text(Duration::ZERO),
        "Type": "AWS-HMAC",
        "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "Token": "session-token-of-the-instance-role",
        "Expiration": clock::in_text(CREDENTIALS_LIFE),
    })
    .to_string()
}
