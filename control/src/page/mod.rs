//! The page: the registry for people, in HTML that works without script.

mod actions;
mod assets;
mod audit;
mod capacity;
mod commands;
mod error;
mod fleet;
mod fleet_query;
mod fleet_table;
mod format;
mod forms;
mod host;
mod keys;
mod keys_picture;
mod layout;
mod links;
mod live;
mod login;
mod marks;
mod order;
mod router;
mod sessions;
mod settings;
mod sign_in;
mod timeline;

pub use format::duration;
pub use router::router;
pub use settings::PageSettings;
