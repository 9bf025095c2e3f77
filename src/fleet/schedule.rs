//! `[[schedule]]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bounded;

/// A time at which the bounds of the group change.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The action's name, unique within the fleet. At most 255 characters.
    pub name: String,

    /// When it happens, as five cron fields: minute, hour, day of month, month, day of week.
    pub recurrence: String,

    /// The IANA time zone that `recurrence` is read in. Daylight saving follows the zone.
    #[serde(default = "Schedule::time_zone_default")]
    pub time_zone: String,

    /// The fewest capacity units from then on; untouched when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_size: Option<Bounded<0, 10000>>,

    /// The most capacity units from then on; untouched when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_size: Option<Bounded<0, 10000>>,

    /// The size at that time; untouched when left out.
    ///
    /// Refused while `scaling.queue` is on: the two would pull the group in different directions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired_capacity: Option<Bounded<0, 10000>>,
}

impl Schedule {
    fn time_zone_default() -> String {
        "Etc/UTC".to_owned()
    }
}
