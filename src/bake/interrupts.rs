//! Children that end with this process, however it ends, and that a signal ends before it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::failure::Failure;

/// What a signal finds.
#[derive(Debug, Default)]
struct State {
    was_interrupted: bool,
    /// The children that run, each as long as its number is its own.
    children: Vec<Pid>,
}

/// Hears SIGINT, SIGTERM and SIGHUP from its making on.
#[derive(Clone, Debug)]
pub struct Interrupts {
    state: Arc<Mutex<State>>,
}

impl Interrupts {
    /// # Errors
    /// When the operating system has no more handlers.
    pub fn hear() -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let heard = Arc::clone(&state);
        thread::spawn(move || {
            for _ in signals.forever() {
                let mut state = heard.lock().unwrap_or_else(PoisonError::into_inner);
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
    /// When a signal was heard.
    pub fn check(&self) -> Result<(), Failure> {
        if self.lock().was_interrupted {
            return Err(Failure::interrupted());
        }
        Ok(())
    }

    /// Of the children that run, the one that was started last.
    #[must_use]
    pub fn child(&self) -> Option<Pid> {
        self.lock().children.last().copied()
    }

    /// Ends that child, which is no interruption.
    pub fn end_child(&self) {
        // The lock keeps its number from being somebody else's.
        if let Some(child) = self.lock().children.last() {
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
