//! The log groups of an environment.

use serde::Serialize;

use super::access::Access;
use crate::derive::identity::log_group;
use crate::fleet;

/// The log groups of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogGroups {
    /// What the system of each instance writes.
    pub system: LogGroup,
    /// What the fleet's own programs write.
    pub worker: LogGroup,
    /// What people do in sessions; `None` where CloudWatch Logs gets no record of it.
    pub session: Option<LogGroup>,
    /// The traffic of the fleet's own VPC; `None` in an existing one.
    pub flow_logs: Option<LogGroup>,
}

/// A log group of CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogGroup {
    pub name: String,
    /// Days until an event is deleted.
    pub retention_in_days: u32,
}

pub fn resolve(path: &str, access: &Access, network: &fleet::Network) -> LogGroups {
    let group = |name: &str, retention_in_days: u32| LogGroup {
        name: log_group(path, name),
        retention_in_days,
    };
    let days = access.retention_in_days;
    let has_own_vpc = network.existing.is_none();
    LogGroups {
        system: group("system", days),
        worker: group("worker", days),
        session: access.log_to_cloudwatch.then(|| group("session", days)),
        flow_logs: has_own_vpc.then(|| group("flow-logs", network.flow_logs.retention_in_days)),
    }
}
