//! Second stage: the rules. Every rule runs over every environment, and everything that they
//! find is reported at once.
//!
//! To add a rule: one entry in the slice of its table's file, and a file
//! `tests/diagnostics/<code>.toml` that breaks it.

mod access;
mod alarm;
mod alarm_metric;
mod alerts;
mod arn;
mod arn_kind;
mod backend;
mod command;
mod control;
mod declared_types;
mod diagnostic_set;
mod drain;
mod environments;
mod finding;
mod https_url;
mod iam;
mod iam_statements;
mod identifiers;
mod identity;
mod image;
mod image_contents;
mod image_sources;
mod instance_types;
mod instances;
mod network;
mod payload;
mod plan_waivers;
mod program_users;
mod quotas;
mod rule;
mod run;
mod scaling;
mod schedule;
mod schedule_times;
mod schedule_zones;
mod secret_value;
mod secrets;
mod spot;
mod tags;
mod telemetry;
mod terraform;
mod user_data;
mod version;
mod volumes;
mod waivers;
mod worker;

pub(crate) use diagnostic_set::DiagnosticSet;
pub use finding::{Finding, Findings};
pub use rule::{Context, Rule};
pub use run::{CheckOutcome, Checked, check};

use crate::diagnostic::Explanation;

/// Every rule, by the table that it is about.
pub const RULES: &[&[Rule]] = &[
    version::RULES,
    identity::RULES,
    tags::RULES,
    quotas::RULES,
    environments::RULES,
    arn::RULES,
    terraform::RULES,
    backend::RULES,
    iam::RULES,
    network::vpc_cidr::RULES,
    network::zones::RULES,
    network::subnets::RULES,
    network::existing::RULES,
    network::endpoints::RULES,
    network::egress::RULES,
    network::flow_logs::RULES,
    network::proxy::RULES,
    instance_types::RULES,
    declared_types::RULES,
    spot::RULES,
    instances::RULES,
    volumes::RULES,
    user_data::RULES,
    scaling::RULES,
    schedule::RULES,
    schedule_zones::RULES,
    schedule_times::RULES,
    control::RULES,
    image::RULES,
    image_contents::RULES,
    image_sources::RULES,
    payload::RULES,
    waivers::RULES,
    worker::RULES,
    program_users::RULES,
    command::RULES,
    telemetry::RULES,
    drain::RULES,
    secrets::RULES,
    secret_value::RULES,
    access::RULES,
    alerts::RULES,
    alarm::RULES,
    alarm_metric::RULES,
    plan_waivers::RULES,
];

/// Every diagnostic that the generator can give, those of the shape first.
pub fn explanations() -> impl Iterator<Item = Explanation> {
    let shape = crate::load::SCHEMA_EXPLANATIONS.iter().copied();
    let rules = RULES.iter().copied().flatten().map(|rule| Explanation {
        code: rule.code,
        severity: rule.severity,
        title: rule.title,
        reason: rule.reason,
    });
    shape.chain(rules)
}

/// The explanation of a code.
#[must_use]
pub fn explain(code: &str) -> Option<Explanation> {
    explanations().find(|explanation| explanation.code == code)
}
