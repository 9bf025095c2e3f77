//! Running the programs that make an image: what they print, how long they take, how they fail.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Instant;

use serde::Serialize;

use crate::error::{BakeError, ErrorKind};
use crate::interrupts::Interrupts;

/// Lines of a failed program that are shown.
const SHOWN: usize = 12;

/// A part of the making, as the report has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    pub name: &'static str,
    pub seconds: f64,
    /// Whether an earlier run's result was taken.
    pub cached: bool,
}

/// What is said while it goes on.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// A step begins.
    Begins(&'e str),
    /// A step prints a line.
    Prints(&'e str),
    /// A step has ended.
    Ended(&'e Step),
}

/// Runs programs one after the other.
pub struct StepRunner<'w> {
    pub interrupts: &'w Interrupts,
    /// Hears what goes on.
    pub on_event: &'w mut dyn FnMut(Event<'_>),
    /// What every program prints.
    log: File,
    log_path: PathBuf,
    steps: Vec<Step>,
}

impl<'w> StepRunner<'w> {
    /// # Errors
    /// When the log cannot be written.
    pub fn open(
        log_path: PathBuf,
        interrupts: &'w Interrupts,
        on_event: &'w mut dyn FnMut(Event<'_>),
    ) -> Result<Self, BakeError> {
        let log = File::create(&log_path).map_err(BakeError::file(&log_path))?;
        Ok(Self {
            interrupts,
            on_event,
            log,
            log_path,
            steps: Vec::new(),
        })
    }

    /// Every step so far.
    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// Does a step's work, unless it was done before.
    ///
    /// # Errors
    /// Those of the work, or when a signal arrived.
    pub fn step<T>(
        &mut self,
        name: &'static str,
        work: impl FnOnce(&mut Self) -> Result<(T, bool), BakeError>,
    ) -> Result<T, BakeError> {
        self.interrupts.check()?;
        (self.on_event)(Event::Begins(name));
        let began = Instant::now();
        let done = work(self);
        // A program that a signal has ended is no program that failed.
        self.interrupts.check()?;
        let (result, cached) = done?;
        let step = Step {
            name,
            seconds: (began.elapsed().as_secs_f64() * 10.0).round() / 10.0,
            cached,
        };
        (self.on_event)(Event::Ended(&step));
        self.steps.push(step);
        Ok(result)
    }

    /// Runs a program that has to succeed.
    ///
    /// # Errors
    /// When it does not.
    pub fn run(&mut self, what: &str, command: &mut Command) -> Result<(), BakeError> {
        let mut last: Vec<String> = Vec::new();
        let status = self.each_line(what, command, None, &mut |line| {
            if last.len() == SHOWN {
                last.remove(0);
            }
            last.push(line.to_owned());
        })?;
        if status.success() {
            return Ok(());
        }
        Err(self.failed(what, status, &last))
    }

    /// Runs a program and gives what it prints to standard output, however it ends.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn read(
        &mut self,
        what: &str,
        command: &mut Command,
    ) -> Result<(String, ExitStatus), BakeError> {
        let errors = self
            .log
            .try_clone()
            .map_err(BakeError::file(&self.log_path))?;
        let mut printed = String::new();
        let status = self.each_line(what, command, Some(errors), &mut |line| {
            printed.push_str(line);
            printed.push('\n');
        })?;
        Ok((printed, status))
    }

    /// The failure of a program that printed these lines last.
    pub fn failed(&self, what: &str, status: ExitStatus, last: &[String]) -> BakeError {
        let mut problem = status.to_string();
        for line in last {
            problem.push_str("\n  | ");
            problem.push_str(line);
        }
        let help = format!("everything it printed is in {}", self.log_path.display());
        BakeError::new(ErrorKind::Step, what, problem, &help)
    }

    fn each_line(
        &mut self,
        what: &str,
        command: &mut Command,
        errors: Option<File>,
        take: &mut dyn FnMut(&str),
    ) -> Result<ExitStatus, BakeError> {
        // A log that cannot be written stops nothing.
        let _ = writeln!(self.log, "== {what}");
        let (log, on_event) = (&mut self.log, &mut self.on_event);
        let mut received = |line: &str| {
            let _ = writeln!(log, "{line}");
            on_event(Event::Prints(line));
            take(line);
        };
        let status = self.interrupts.run(command, errors, &mut received);
        self.interrupts.check()?;
        status.map_err(|error| {
            let help = "see whether the programs that it needs can be run";
            BakeError::new(ErrorKind::Step, what, error, help)
        })
    }
}
