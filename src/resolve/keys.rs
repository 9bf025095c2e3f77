//! What tells the entries of the plan's lists apart, for whoever compares two plans.

/// A list of the plan whose entries are tables.
#[derive(Clone, Copy, Debug)]
pub struct EntryKey {
    /// The path of the list in the serialised plan, `[]` for every entry of a list above.
    pub list: &'static str,
    /// The path in an entry of the value that no other entry of the list has.
    pub key: &'static str,
    /// Whether the order of the entries means something: another order is another fleet.
    pub ordered: bool,
}

const fn unordered(list: &'static str, key: &'static str) -> EntryKey {
    EntryKey {
        list,
        key,
        ordered: false,
    }
}

const fn ordered(list: &'static str, key: &'static str) -> EntryKey {
    EntryKey {
        list,
        key,
        ordered: true,
    }
}

/// Every list of tables in the plan.
pub const ENTRY_KEYS: &[EntryKey] = &[
    ordered("account.trail_alarms", "name"),
    unordered("environments", "identity.environment"),
    unordered("account.iam.statements", "sid"),
    unordered("environments[].iam.statements", "sid"),
    unordered("environments[].network.egress", "key"),
    ordered("environments[].instances.types", "instance_type"),
    unordered("environments[].instances.volumes", "device_name"),
    unordered("environments[].instances.mounts", "device_name"),
    ordered("environments[].instances.user_data", "text"),
    unordered("environments[].image.ca_certificates", "name"),
    unordered("environments[].image.apt_sources", "name"),
    unordered("environments[].image.files", "path"),
    ordered("environments[].image.steps", "name"),
    unordered("environments[].image.keys", "region"),
    unordered("environments[].image.waivers", "control"),
    ordered("environments[].image.checks", "control"),
    unordered("environments[].scaling.queue_steps", "at_least"),
    unordered("environments[].scaling.schedules", "name"),
    ordered("environments[].alerts.alarms", "name"),
    unordered("environments[].alerts.alarms[].expression.queries", "id"),
    ordered("environments[].alerts.composites", "name"),
    ordered("environments[].dashboard.sections", "title"),
    ordered("environments[].dashboard.sections[].widgets", "title"),
    ordered(
        "environments[].dashboard.sections[].widgets[].series",
        "label",
    ),
];
