//! One place derives: what a rule looks at is what is rendered.
//!
//! `source` holds it of the source text: rules and resolvers compute no default and write no
//! figure that `src/derive` has. `claims` holds it of fleets: whatever passes the rules has a plan
//! for which the rules' own sentences are true.

mod claims;
mod fleets;
mod source;
