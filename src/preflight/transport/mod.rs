//! Questions sent to AWS: signed, all of a round at once, within the time that there is. The services that only preflight
//! asks have no SDK here: each of them would take as long to compile as it answers three questions.

mod decode;
mod encode;
mod send;

pub use send::Transport;
