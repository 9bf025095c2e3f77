//! Auto Scaling by the query protocol: form in, XML out.

use std::time::Instant;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::{Call, Fault};

/// What is answered, and the parameters without which the service refuses.
const ACTIONS: [(&str, &[&str]); 4] = [
    ("SetInstanceHealth", &["InstanceId", "HealthStatus"]),
    (
        "SetInstanceProtection",
        &[
            "AutoScalingGroupName",
            "InstanceIds.member.1",
            "ProtectedFromScaleIn",
        ],
    ),
    (
        "RecordLifecycleActionHeartbeat",
        &["LifecycleHookName", "AutoScalingGroupName"],
    ),
    (
        "CompleteLifecycleAction",
        &[
            "LifecycleHookName",
            "AutoScalingGroupName",
            "LifecycleActionResult",
        ],
    ),
];

pub fn read(body: &Bytes) -> Call {
    let mut parameters: std::collections::BTreeMap<String, String> =
        url::form_urlencoded::parse(body).into_owned().collect();
    Call {
        action: parameters.remove("Action").unwrap_or_default(),
        parameters,
        at: Instant::now(),
    }
}

pub fn answer(call: &Call, fleet: &[(String, String)]) -> Response {
    if call.action == "DescribeAutoScalingGroups" {
        return match call.parameters.get("AutoScalingGroupNames.member.1") {
            Some(group) => describe(group, fleet),
            None => error(
                400,
                "ValidationError",
                "the agent asks for its own group only",
            ),
        };
    }
    let Some((action, needed)) = ACTIONS.iter().find(|(name, _)| *name == call.action) else {
        return error(400, "InvalidAction", "no such action");
    };
    let mut missing = needed
        .iter()
        .filter(|name| !call.parameters.contains_key(**name));
    if let Some(name) = missing.next() {
        return error(400, "ValidationError", &format!("{name} is missing"));
    }
    xml(
        StatusCode::OK,
        format!(
            "<{action}Response xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\">\
             <{action}Result/><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata>\
             </{action}Response>"
        ),
    )
}

/// One group with its instances, all in service.
fn describe(group: &str, fleet: &[(String, String)]) -> Response {
    let member = |(instance, _): &(String, String)| {
        format!(
            "<member><InstanceId>{instance}</InstanceId>\
             <AvailabilityZone>us-east-1a</AvailabilityZone>\
             <LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus>\
             <ProtectedFromScaleIn>false</ProtectedFromScaleIn></member>"
        )
    };
    let ours = fleet.iter().filter(|(_, of)| of == group);
    let members: String = ours.map(member).collect();
    xml(
        StatusCode::OK,
        format!(
            "<DescribeAutoScalingGroupsResponse \
             xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\">\
             <DescribeAutoScalingGroupsResult><AutoScalingGroups><member>\
             <AutoScalingGroupName>{group}</AutoScalingGroupName>\
             <MinSize>0</MinSize><MaxSize>9</MaxSize><DesiredCapacity>1</DesiredCapacity>\
             <DefaultCooldown>300</DefaultCooldown><HealthCheckType>EC2</HealthCheckType>\
             <CreatedTime>2026-01-01T00:00:00Z</CreatedTime>\
             <AvailabilityZones><member>us-east-1a</member></AvailabilityZones>\
             <Instances>{members}</Instances>\
             </member></AutoScalingGroups></DescribeAutoScalingGroupsResult>\
             <ResponseMetadata><RequestId>0</RequestId></ResponseMetadata>\
             </DescribeAutoScalingGroupsResponse>"
        ),
    )
}

/// The refusal, or nothing where the call hangs.
pub fn refusal(fault: Fault) -> Option<Response> {
    match fault {
        Fault::None | Fault::Throttling => Some(error(400, "Throttling", "Rate exceeded")),
        Fault::Failing(status) => Some(error(status, "InternalFailure", "try again")),
        Fault::Denied => Some(error(403, "AccessDenied", "not authorized")),
        Fault::Hanging => None,
    }
}

fn error(status: u16, code: &str, message: &str) -> Response {
    xml(
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        format!(
            "<ErrorResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><Error>\
             <Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>0</RequestId></ErrorResponse>"
        ),
    )
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [("content-type", "text/xml")], body).into_response()
}
