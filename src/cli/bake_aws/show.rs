//! What commands that ask AWS print, and how they end.

use std::future::Future;
use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use valet_bake_aws::{AwsError, BakeId, ErrorKind, ProgressEvent};

use crate::cli::exit::internal_error;
use crate::cli::{Exit, print};

/// A line that moves where somebody sees it, and a line for each step elsewhere.
pub struct Progress {
    bar: Option<ProgressBar>,
    stage: String,
}

impl Progress {
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {prefix:12} {elapsed:>5}  {wide_msg:.dim}")
            {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            bar,
            stage: String::new(),
        }
    }

    pub fn show(&mut self, event: ProgressEvent) {
        match event {
            ProgressEvent::Begins(stage) => {
                if let Some(bar) = &self.bar {
                    bar.set_prefix(stage.clone());
                    bar.set_message("");
                    bar.reset_elapsed();
                }
                self.stage = stage;
            }
            ProgressEvent::Shows(text) => {
                if let Some(bar) = &self.bar {
                    bar.set_message(text);
                }
            }
            ProgressEvent::Done { what, detail } => {
                let line = format!("{what:<12}  {detail}");
                match &self.bar {
                    Some(bar) => bar.println(line.trim_end()),
                    None => print::line_to_stderr(line.trim_end()),
                }
            }
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Shows how something goes on, until it has ended.
pub fn with_progress<T>(work: impl FnOnce(&mut (dyn FnMut(ProgressEvent) + Send)) -> T) -> T {
    let mut progress = Progress::new();
    let result = work(&mut |event| progress.show(event));
    progress.finish();
    result
}

/// How a command ended early.
pub enum Ended<T> {
    With(Result<T, AwsError>),
    Interrupted,
}

/// Runs a command to its end, or until it is interrupted: SIGINT asks once and leaves the second time, SIGTERM leaves.
/// `asks` is what the first one prints.
pub fn run<T>(
    asks: &str,
    work: impl Future<Output = Result<T, AwsError>>,
) -> Result<Ended<T>, Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| internal_error(&error))?;
    runtime.block_on(async {
        let listen = |kind| signal(kind).map_err(|error| internal_error(&error));
        let (mut interrupt, mut terminate) = (
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
        );
        let mut asked = false;
        tokio::pin!(work);
        loop {
            tokio::select! {
                result = &mut work => return Ok(Ended::With(result)),
                _ = terminate.recv() => return Ok(Ended::Interrupted),
                _ = interrupt.recv() => {
                    if asked {
                        return Ok(Ended::Interrupted);
                    }
                    asked = true;
                    print::line_to_stderr(asks);
                }
            }
        }
    })
}

/// Runs a command that begins no bake.
pub fn run_plain<T>(work: impl Future<Output = Result<T, AwsError>>) -> Result<T, Exit> {
    let asks = "interrupted: what was begun goes on in AWS. Once more leaves it.";
    match run(asks, work)? {
        Ended::With(Ok(result)) => Ok(result),
        Ended::With(Err(error)) => Err(report(&error)),
        Ended::Interrupted => {
            print::line_to_stderr(
                "error: interrupted\n  help: run the same command again: it goes on where it ended",
            );
            Err(Exit::Interrupted)
        }
    }
}

/// The id of a bake that has begun.
#[derive(Default)]
pub struct Begun(Mutex<Option<String>>);

impl Begun {
    pub fn set(&self, id: &BakeId) {
        if let Ok(mut begun) = self.0.lock() {
            *begun = Some(id.to_string());
        }
    }

    pub fn get(&self) -> Option<String> {
        self.0.lock().ok().and_then(|begun| begun.clone())
    }
}

/// Says why there is no result.
pub fn report(error: &AwsError) -> Exit {
    let AwsError {
        kind,
        subject,
        problem,
        help,
    } = error;
    print::line_to_stderr(format_args!("error: {subject}: {problem}\n  help: {help}"));
    exit(*kind)
}

pub fn exit(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::Usage => Exit::Usage,
        ErrorKind::File => Exit::Io,
        ErrorKind::Prerequisite => Exit::MissingPrerequisite,
        ErrorKind::Interrupted => Exit::Interrupted,
        ErrorKind::Resumable => Exit::Resumable,
        ErrorKind::BuildFailed => Exit::BuildFailed,
        ErrorKind::Refused => Exit::Refused,
        ErrorKind::Unsafe => Exit::Unsafe,
        ErrorKind::Leftovers => Exit::Leftovers,
    }
}
