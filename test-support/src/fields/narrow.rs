//! Texts that are refused where they are not what they have to be.

use super::field::{Field, field};
use super::set::each;

/// Texts that are identifiers wherever they are rendered: anything else is refused.
pub const NAMES: &[Field] = &[
    field("scaling.schedules[].name", |plan, text| {
        each(plan, |environment| {
            for schedule in environment.scaling.schedules.iter_mut().take(1) {
                text.clone_into(&mut schedule.name);
            }
        });
    }),
    field("alerts.alarms[].name", |plan, text| {
        each(plan, |environment| {
            for alarm in environment.alerts.alarms.iter_mut().take(1) {
                text.clone_into(&mut alarm.name);
            }
        });
    }),
    field("alerts.composites[].name", |plan, text| {
        each(plan, |environment| {
            for alarm in environment.alerts.composites.iter_mut().take(1) {
                text.clone_into(&mut alarm.name);
            }
        });
    }),
    field("worker.runtime_user", |plan, text| {
        each(plan, |environment| {
            text.clone_into(&mut environment.worker.runtime_user);
        });
    }),
    field("worker.adspower_user", |plan, text| {
        each(plan, |environment| {
            text.clone_into(&mut environment.worker.adspower_user);
        });
    }),
];

/// Texts that are ranges of addresses, and are refused where they are anything else.
pub const RANGES: &[Field] = &[
    field("network.egress.cidr_block", |plan, text| {
        each(plan, |environment| {
            for rule in environment.network.egress.iter_mut().take(1) {
                rule.cidr_block = Some(text.to_owned());
            }
        });
    }),
    field("network.egress.ipv6_cidr_block", |plan, text| {
        each(plan, |environment| {
            for rule in environment.network.egress.iter_mut().take(1) {
                rule.cidr_block = None;
                rule.ipv6_cidr_block = Some(text.to_owned());
            }
        });
    }),
];

/// Texts that are words of a command, which the helper of units refuses where systemd has no way to write them.
pub const COMMANDS: &[Field] = &[field("worker.runtime_command", |plan, text| {
    each(plan, |environment| {
        environment.worker.runtime_command = vec!["node".to_owned(), text.to_owned()];
    });
})];
