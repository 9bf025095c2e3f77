//! What the commands print. Everything goes through here, so that a reader who closes the pipe
//! early is no fault, and a full disk is one that is reported.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use super::Exit;

/// Prints to standard output.
#[expect(
    clippy::disallowed_methods,
    reason = "nothing is left to undo once the answer cannot be given"
)]
pub fn out(text: impl Display) {
    if let Err(error) = write(anstream::stdout(), &text) {
        err_line(format_args!(
            "error: standard output: {error}\n  help: make room where it is sent to"
        ));
        // What was asked for did not arrive: no later success may hide that.
        std::process::exit(i32::from(Exit::File.code()));
    }
}

/// Prints a line to standard output.
pub fn line(text: impl Display) {
    out(format_args!("{text}\n"));
}

/// Prints to standard error. Where that cannot be written, nobody can be told.
pub fn err(text: impl Display) {
    let _ = write(anstream::stderr(), &text);
}

/// Prints a line to standard error.
pub fn err_line(text: impl Display) {
    err(format_args!("{text}\n"));
}

/// Writes and flushes. A reader that has gone has seen enough.
fn write(mut to: impl Write, text: &impl Display) -> io::Result<()> {
    match write!(to, "{text}").and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
