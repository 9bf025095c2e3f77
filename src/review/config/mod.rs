//! A rendered root module as Terraform reads it: every resource with its values, `for_each` and
//! dynamic blocks unfolded, references followed.

mod block;
mod evaluate;
mod module;
mod term;

pub use block::Lifecycle;
pub use module::{Module, Object};
pub use term::Term;
