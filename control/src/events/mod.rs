//! What happens, told to whoever watches: pages, commands and other programs.

mod cursor;
mod event;
mod feed;
mod rows;
mod store;
mod subscription;

pub use cursor::Cursor;
pub use event::{EventKind, FindingEvent, FleetEvent, HostEvent};
pub use feed::{EventFeed, Watcher};
pub use store::tidy;
pub use subscription::{Heard, Subscription};
