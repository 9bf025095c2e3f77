//! What the commands print. Everything goes through here, so that a reader who closes the pipe
//! early is no fault, and a full disk is one that is reported.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Exit;

/// Whether something could not be printed. It is said once, and nothing is tried after it.
static STDOUT_FAILED: AtomicBool = AtomicBool::new(false);

/// Whether it is left out what was done.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Sets whether [`status`] prints.
pub fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Prints to standard output what was done, unless nobody wants to know.
pub fn status(text: impl Display) {
    if !QUIET.load(Ordering::Relaxed) {
        to_stdout(text);
    }
}

/// Prints to standard output.
pub fn to_stdout(text: impl Display) {
    if STDOUT_FAILED.load(Ordering::Relaxed) {
        return;
    }
    if let Err(error) = write(anstream::stdout(), &text) {
        STDOUT_FAILED.store(true, Ordering::Relaxed);
        line_to_stderr(format_args!(
            "error: standard output: {error}\n  help: free disk space where standard output is redirected to"
        ));
    }
}

/// How the process ends, given how the command did: what was asked for and did not arrive is no
/// success.
pub fn fail_if_output_lost(exit: Exit) -> Exit {
    match exit {
        Exit::Success if STDOUT_FAILED.load(Ordering::Relaxed) => Exit::Io,
        other => other,
    }
}

/// Prints a line to standard output.
pub fn line_to_stdout(text: impl Display) {
    to_stdout(format_args!("{text}\n"));
}

/// Prints to standard error. Where that cannot be written, nobody can be told.
pub fn to_stderr(text: impl Display) {
    let _ = write(anstream::stderr(), &text);
}

/// Prints a line to standard error.
pub fn line_to_stderr(text: impl Display) {
    to_stderr(format_args!("{text}\n"));
}

/// Writes and flushes. A reader that has gone has seen enough.
fn write(mut to: impl Write, text: &impl Display) -> io::Result<()> {
    match write!(to, "{text}").and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
