//! The log: on standard error, for people on a terminal and in JSON elsewhere.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::LevelFilter;

pub fn start() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_writer(std::io::stderr);
    // A log that is started twice, as by a test, goes on.
    let _ = if std::io::stderr().is_terminal() {
        tracing::subscriber::set_global_default(subscriber.finish())
    } else {
        tracing::subscriber::set_global_default(subscriber.json().finish())
    };
}
