//! JSON Schemas of the documents that `diff` and `plan-review` print, made from their types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::diff_document::{FleetDiff, SCHEMA_VERSION};
use super::plan_review;

/// The schema of `valet-gen diff --format json`.
#[must_use]
pub fn of_diff() -> Value {
    versioned(of::<FleetDiff>(), SCHEMA_VERSION)
}

/// The schema of `valet-gen plan-review --format json`.
#[must_use]
pub fn of_plan_review() -> Value {
    versioned(
        of::<plan_review::Document<'_>>(),
        plan_review::SCHEMA_VERSION,
    )
}

fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    schema.to_value()
}

/// A document of another version is no document of this schema.
fn versioned(mut schema: Value, version: u32) -> Value {
    schema["properties"]["schema_version"]["const"] = json!(version);
    schema
}
