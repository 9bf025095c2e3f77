//! Policy documents of IAM: what one grants that another did not, and how far it reaches.

mod condition;
mod grants;
mod pattern;
mod reach;
mod statement;

pub use condition::Test;
pub use grants::{Grant, added};
pub use pattern::matches;
pub use statement::{Statement, statements};
