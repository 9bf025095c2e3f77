//! Children that end with this process, however it ends, and that a signal ends before it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::BakeError;

/// What a signal finds.
#[derive(Debug, Default)]
struct State {
    was_interrupted: bool,
    /// The children that run, each as long as its number is its own.
    children: Vec<Pid>,
}

/// Listens for SIGINT, SIGTERM and SIGHUP once it is installed.
#[derive(Clone, Debug)]
pub struct Interrupts {
    state: Arc<Mutex<State>>,
}

impl Interrupts {
    /// # Errors
    /// When the operating system has no more handlers.
    pub fn install() -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let received = Arc::clone(&state);
        thread::spawn(move || {
            for _ in signals.forever() {
                let mut state = received.lock().unwrap_or_else(PoisonError::into_inner);
                state.was_interrupted = true;
                for child in &state.children {
                    // It may have ended by itself meanwhile.
                    let _ = kill_process(*child, Signal::KILL);
                }
            }
        });
        Ok(Self { state })
    }

    /// # Errors
    /// When a signal arrived.
    pub fn check(&self) -> Result<(), BakeError> {
        if self.lock().was_interrupted {
            return Err(BakeError::interrupted());
        }
        Ok(())
    }

    /// The child that was started last of those that run.
    #[must_use]
    pub fn child(&self) -> Option<Pid> {
        self.lock().children.last().copied()
    }

    /// Ends the children that run, which is no interruption.
    pub fn end_children(&self) {
        for child in &self.lock().children {
            // It may have ended by itself meanwhile.
            let _ = kill_process(*child, Signal::KILL);
        }
    }

    /// Runs a command to its end, and gives every line that it prints. What it says of itself is
    /// among them, or goes to a file.
    ///
    /// # Errors
    /// When it could not be started.
    pub fn run(
        &self,
        command: &mut Command,
        errors: Option<File>,
        line: &mut dyn FnMut(&str),
    ) -> io::Result<ExitStatus> {
        let (reader, writer) = io::pipe()?;
        command
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(errors.map_or_else(|| Stdio::from(writer), Stdio::from));
        let (mut child, number) = {
            let mut state = self.lock();
            if state.was_interrupted {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let child = command.spawn()?;
            let number = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            state.children.extend(number);
            (child, number)
        };
        // The command holds the pipe's other end, and would keep it open for the reader.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // The end of the pipe is the end of everything that the command started.
        for read in BufReader::new(reader).split(b'\n') {
            line(&String::from_utf8_lossy(&read?));
        }
        self.lock().children.retain(|child| Some(*child) != number);
        child.wait()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
