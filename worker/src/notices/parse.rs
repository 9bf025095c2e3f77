//! What the metadata service says of the instance's end, read into plain data.
//!
//! Forms are those of the EC2 and Auto Scaling user guides: "Spot Instance interruption notices",
//! "EC2 instance rebalance recommendations", "Retrieve the target lifecycle state", "View scheduled
//! events".

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use serde::Deserialize;

pub const SPOT: &str = "/latest/meta-data/spot/instance-action";
pub const REBALANCE: &str = "/latest/meta-data/events/recommendations/rebalance";
pub const TARGET_STATE: &str = "/latest/meta-data/autoscaling/target-lifecycle-state";
pub const MAINTENANCE: &str = "/latest/meta-data/events/maintenance/scheduled";

/// A spot notice: `{"action": "terminate", "time": "2017-09-18T08:22:00Z"}`. The action may be
/// `stop` or `hibernate` too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Spot {
    pub action: String,
    pub time: Timestamp,
}

/// A rebalance recommendation: `{"noticeTime": "2020-10-27T08:22:00Z"}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Rebalance {
    #[serde(rename = "noticeTime")]
    pub time: Timestamp,
}

/// A scheduled event that is still to come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Maintenance {
    pub not_before: Timestamp,
    pub id: String,
    /// Such as `system-reboot` or `instance-retirement`.
    pub code: String,
}

#[derive(Deserialize)]
struct ScheduledEvent {
    #[serde(rename = "NotBefore")]
    not_before: String,
    #[serde(rename = "Code")]
    code: String,
    #[serde(rename = "EventId", default)]
    id: String,
    #[serde(rename = "State")]
    state: String,
}

/// What is wrong with the text of a notice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// It is not the JSON that AWS documents.
    #[error("{0}")]
    Json(String),
    #[error("{text:?} is not an event time: {reason}")]
    EventTime { text: String, reason: String },
    #[error("not a target lifecycle state")]
    TargetState,
}

impl From<serde_json::Error> for NoticeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}

/// The times of scheduled events: `21 Jan 2019 09:00:43 GMT`.
const EVENT_TIME: &str = "%d %b %Y %H:%M:%S GMT";

/// A spot notice.
///
/// # Errors
///
/// What is wrong with the text.
pub fn spot(text: &str) -> Result<Spot, NoticeError> {
    Ok(serde_json::from_str(text)?)
}

/// A rebalance recommendation.
///
/// # Errors
///
/// What is wrong with the text.
pub fn rebalance(text: &str) -> Result<Rebalance, NoticeError> {
    Ok(serde_json::from_str(text)?)
}

/// The first scheduled event that is still to come, if there is one. Those that are over or
/// cancelled stay in the list for a while.
///
/// # Errors
///
/// What is wrong with the text.
pub fn maintenance(text: &str) -> Result<Option<Maintenance>, NoticeError> {
    let events: Vec<ScheduledEvent> = serde_json::from_str(text)?;
    let mut coming = Vec::new();
    for event in events {
        if event.state != "active" {
            continue;
        }
        coming.push(Maintenance {
            not_before: event_time(&event.not_before)?,
            id: event.id,
            code: event.code,
        });
    }
    Ok(coming.into_iter().min())
}

fn event_time(text: &str) -> Result<Timestamp, NoticeError> {
    let failed = |error: jiff::Error| NoticeError::EventTime {
        text: text.to_owned(),
        reason: error.to_string(),
    };
    let time = strtime::parse(EVENT_TIME, text)
        .and_then(|parsed| parsed.to_datetime())
        .map_err(failed)?;
    TimeZone::UTC.to_timestamp(time).map_err(failed)
}

/// The target lifecycle states of the Auto Scaling user guide ("Retrieve the target lifecycle
/// state"), and those of a warm pool.
const TARGETS: [&str; 8] = [
    "InService",
    "Detached",
    "Standby",
    "Terminated",
    "Warmed:Hibernated",
    "Warmed:Running",
    "Warmed:Stopped",
    "Warmed:Terminated",
];

/// The target lifecycle state.
///
/// # Errors
///
/// When the text is none of AWS's states: nothing is known then, and nothing may follow from it.
pub fn target(text: &str) -> Result<String, NoticeError> {
    let text = text.trim();
    if TARGETS.contains(&text) {
        Ok(text.to_owned())
    } else {
        Err(NoticeError::TargetState)
    }
}

/// Whether a target lifecycle state means that the instance leaves service.
#[must_use]
pub fn leaves_service(target: &str) -> bool {
    // A detached instance goes on as it is. Every other target but InService takes it away.
    !matches!(target, "InService" | "Detached")
}

#[cfg(test)]
mod tests {
    use super::{leaves_service, maintenance, rebalance, spot, target};

    #[test]
    fn spot_notices_of_the_user_guide_are_read() {
        for action in ["terminate", "stop", "hibernate"] {
            let text = format!(r#"{{"action": "{action}", "time": "2017-09-18T08:22:00Z"}}"#);
            let notice = spot(&text).unwrap();
            assert_eq!(notice.action, action);
            assert_eq!(notice.time.to_string(), "2017-09-18T08:22:00Z");
        }
        assert!(spot("<html>").is_err());
        assert!(spot(r#"{"action": "terminate"}"#).is_err());
    }

    #[test]
    fn rebalance_recommendations_of_the_user_guide_are_read() {
        let notice = rebalance(r#"{"noticeTime": "2020-10-27T08:22:00Z"}"#).unwrap();
        assert_eq!(notice.time.to_string(), "2020-10-27T08:22:00Z");
    }

    #[test]
    fn scheduled_events_of_the_user_guide_are_read() {
        let text = r#"[
            {"NotBefore": "21 Jan 2019 09:00:43 GMT", "Code": "system-reboot", "Description": "scheduled reboot",
             "EventId": "instance-event-0d59937288b749b32", "NotAfter": "21 Jan 2019 09:17:23 GMT", "State": "active"},
            {"NotBefore": "20 Jan 2019 09:00:43 GMT", "Code": "instance-stop",
             "Description": "[Canceled] scheduled stop", "EventId": "instance-event-1", "State": "canceled"},
            {"NotBefore": "29 Jan 2019 09:00:43 GMT", "Code": "instance-retirement", "EventId": "instance-event-2",
             "State": "active"}
        ]"#;
        let event = maintenance(text).unwrap().unwrap();
        assert_eq!(event.id, "instance-event-0d59937288b749b32");
        assert_eq!(event.code, "system-reboot");
        assert_eq!(event.not_before.to_string(), "2019-01-21T09:00:43Z");
        assert_eq!(maintenance("[]"), Ok(None));
        assert!(maintenance("{}").is_err());
    }

    #[test]
    fn what_is_not_a_target_state_is_not_read_as_one() {
        assert_eq!(target("Terminated\n").as_deref(), Ok("Terminated"));
        for garbage in ["", "<html>503</html>", "terminated", "InService InService"] {
            assert!(target(garbage).is_err(), "{garbage:?}");
        }
    }

    #[test]
    fn only_service_itself_is_service() {
        assert!(!leaves_service("InService"));
        assert!(!leaves_service("Detached"));
        for target in [
            "Terminated",
            "Standby",
            "Warmed:Stopped",
            "Warmed:Hibernated",
        ] {
            assert!(leaves_service(target), "{target}");
        }
    }
}
