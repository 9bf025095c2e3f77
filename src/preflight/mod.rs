//! `valet-gen preflight`: what of an account would make the first apply or bake fail, asked without changing anything.
//!
//! To add a check: one entry in the slice of its file in `checks/`, with all that it asks in `actions`, and a code in
//! `explanations.rs`.

mod call;
mod check;
mod checks;
mod explanations;
mod facts;
mod finding;
mod policy;
mod redact;
mod run;
mod trace;
#[cfg(feature = "aws")]
mod transport;

pub use call::{Answer, Call};
pub use check::Caller;
pub use checks::CHECKS;
pub use explanations::EXPLANATIONS;
pub use policy::policy;
pub use redact::Redactor;
pub use run::{Selection, Source, Subject, run};
pub use trace::{Recording, Trace, TraceError};
#[cfg(feature = "aws")]
pub use transport::Transport;
