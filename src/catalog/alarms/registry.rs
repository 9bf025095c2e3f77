//! The alarms together, and those that other parts name.

use super::{Alarm, group, host, work};

/// The alarm that `scaling.queue.alert_when_saturated` switches.
pub const QUEUE_SATURATED: &str = "queue-saturated";

/// The alarm that stops an instance refresh: new instances are in service and say nothing.
pub const STOPS_REFRESH: &str = "workers-silent";

/// Every alarm, in the order of the dashboard.
pub fn all() -> impl Iterator<Item = &'static Alarm> {
    [work::ALARMS, host::ALARMS, group::ALARMS]
        .into_iter()
        .flatten()
}

/// The alarm of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Alarm> {
    all().find(|alarm| alarm.name == name)
}
