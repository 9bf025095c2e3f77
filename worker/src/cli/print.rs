//! What is printed.

use std::io::Write as _;

use serde::Serialize;

/// A value as indented JSON.
pub fn print_json<T: Serialize>(value: &T) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    print(&format!("{text}\n"));
}

/// A text on stdout. A reader that has gone away has what it wanted.
pub fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// A message on stderr, with the program's name.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "valet-worker: {text}");
}
