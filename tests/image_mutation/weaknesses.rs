//! What is done to a base so that a control has something to mend: without it the distribution's
//! own defaults would do, and the control's removal would not show.

use crate::weakenings::{self, When};

/// What provisioning with every control does about a weakness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The control mends it.
    Mended,
    /// The control finds it, and no image is made.
    Refused,
}

/// A weakness of a base.
#[derive(Clone, Copy, Debug)]
pub struct Weakness {
    /// The control that it is planted for.
    pub control: &'static str,
    /// What is run in the base before it is provisioned.
    pub script: &'static str,
    pub then: Then,
}

/// Every weakness.
pub fn all() -> impl Iterator<Item = Weakness> {
    weakenings::all().filter_map(|weakening| {
        let then = match weakening.when {
            When::Base => Then::Mended,
            When::BaseRefused => Then::Refused,
            When::Finished => return None,
        };
        Some(Weakness {
            control: weakening.control,
            script: weakening.script,
            then,
        })
    })
}

/// The weakness that is planted for a control.
pub fn of(control: &str) -> Option<Weakness> {
    all().find(|it| it.control == control)
}
