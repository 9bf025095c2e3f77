//! Orders for hosts: given with a reason, sent until they have come to their end, acknowledged, and with an outcome.

mod action;
mod carry_out;
mod give;
mod heartbeats;
mod hold;
mod order;
mod read;
mod state;

pub use action::Action;
pub use carry_out::carry_out;
pub use give::{DEFAULT_EXPIRY_SECONDS, cancel, give, give_with};
pub use heartbeats::expire;
pub(crate) use heartbeats::{report, standing};
pub use order::{FleetOrder, NewOrder};
pub use read::{MAX_ROWS, get, list};
pub use state::OrderState;
