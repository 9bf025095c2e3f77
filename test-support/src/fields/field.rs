//! A text of the plan, and how it is set.

use valet_gen::resolve::Plan;

/// A text of the plan.
pub struct Field {
    pub name: &'static str,
    pub set: fn(&mut Plan, &str),
}

pub const fn field(name: &'static str, set: fn(&mut Plan, &str)) -> Field {
    Field { name, set }
}
