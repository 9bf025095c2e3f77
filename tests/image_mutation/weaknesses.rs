//! What is done to a base so that a control has something to mend: without it the distribution's
//! own defaults would do, and the control's removal would not show.

/// Controls and the script that is run in the base before it is provisioned.
pub const WEAKNESSES: &[(&str, &str)] = &[];
