//! Which types the rules know.

use super::{exposure_tables, policies, protection_tables};
use crate::review::types;

/// Whether a rule knows what a resource of this type holds, opens or protects.
#[must_use]
pub fn is_judged(kind: &str) -> bool {
    // In the tables `*` stands for every type: a type of that name is none of them.
    kind != "*" && is_in_a_table(kind)
}

fn is_in_a_table(kind: &str) -> bool {
    types::find(kind).is_some()
        || exposure_tables::knows(kind)
        || policies::is_policy(kind)
        || protection_tables::knows(kind)
}
