//! The log: on standard error, for people on a terminal and in JSON elsewhere.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;

pub fn start() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_writer(std::io::stderr);
    // The fakes of `dev --hosts` speak D-Bus, and warn when they end.
    let filter = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("zbus", LevelFilter::ERROR);
    // A log that is started twice, as by a test, goes on.
    let _ = if std::io::stderr().is_terminal() {
        tracing::subscriber::set_global_default(subscriber.finish().with(filter))
    } else {
        tracing::subscriber::set_global_default(subscriber.json().finish().with(filter))
    };
}
