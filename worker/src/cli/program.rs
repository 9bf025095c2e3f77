//! The program: what each command does.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;
use hyper::Method;
use valet_protocol::Config;
use valet_protocol::instance::SETTINGS_PATH;
use valet_protocol::local_api::{DrainRequest, Status};

use super::arguments::{Arguments, Command, ResultFormat};
use super::client::{self, CallError};
use super::exit::Exit;
use super::print::{complain, print, print_json};
use super::table;
use crate::configure::{self, Outcome};
use crate::logging::{self, Reloader};
use crate::{config_file, doctor, heal, secrets, supervisor};

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Configure) {
        return configure().into();
    }
    let config = match config_file::read(&arguments.config) {
        Ok(config) => config,
        Err(failure) => {
            complain(&failure.to_string());
            return Exit::Configuration.into();
        }
    };
    // The HTTP client and tonic take the process's provider; nobody else installs one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // One thread: the agent waits nearly all of the time, and every further thread costs memory.
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("the event loop cannot be created: {error}"));
            return Exit::Broken.into();
        }
    };
    runtime
        .block_on(dispatch(arguments.command, &arguments.config, config))
        .into()
}

async fn dispatch(command: Command, config_path: &Path, config: Config) -> Exit {
    let socket = config.paths.socket.clone();
    match command {
        // It is done before there is a configuration.
        Command::Configure => Exit::Success,
        Command::Run => run(config, config_path).await,
        Command::Status { format } => answer(
            client::call(&socket, Method::GET, "/v1/status", None::<&()>).await,
            format,
        ),
        Command::Drain {
            cause,
            within,
            format,
        } => {
            let request = DrainRequest {
                cause,
                within_seconds: within,
            };
            answer(
                client::call(&socket, Method::POST, "/v1/drain", Some(&request)).await,
                format,
            )
        }
        Command::Resume { format } => answer(
            client::call(&socket, Method::POST, "/v1/resume", None::<&()>).await,
            format,
        ),
        Command::Doctor { format } => doctor(&config, format).await,
        Command::Heal => {
            let report = heal::heal(config_path, &config).await;
            print_json(&report);
            if report.done() {
                Exit::Success
            } else {
                Exit::No
            }
        }
    }
}

fn configure() -> Exit {
    let done = configure::write_files(Path::new("/")).and_then(|outcome| match outcome {
        Outcome::Configured => configure::apply(),
        Outcome::NoSettings => {
            complain(&format!("there is no {SETTINGS_PATH}: this host is part of no fleet, and its agent does not start"));
            Ok(())
        }
    });
    match done {
        Ok(()) => Exit::Success,
        Err(failure) => {
            complain(&failure.to_string());
            Exit::Configuration
        }
    }
}

async fn run(config: Config, config_path: &Path) -> Exit {
    let levels = logging::start(&config);
    if let Err(error) = secrets::core_dumps::forbid() {
        tracing::warn!(%error, "core dumps cannot be disabled; a crash may write secrets to disk");
    }
    let reloader = match Reloader::new(config_path.to_owned(), levels) {
        Ok(reloader) => reloader,
        Err(failure) => {
            tracing::error!(%failure, "the agent cannot run");
            return Exit::Broken;
        }
    };
    match supervisor::run(config, reloader).await {
        Ok(()) => Exit::Success,
        Err(failure) => {
            tracing::error!(%failure, "the agent cannot run");
            Exit::Broken
        }
    }
}

fn answer(answer: Result<Status, CallError>, format: ResultFormat) -> Exit {
    match answer {
        Ok(status) => {
            match format {
                ResultFormat::Table => print(&table::status(&status)),
                ResultFormat::Json => print_json(&status),
            }
            Exit::Success
        }
        Err(CallError::Refused(refusal)) => {
            complain(&refusal.message);
            Exit::No
        }
        Err(CallError::NoAgent(why)) => {
            complain(&format!("{why}. Run `systemctl status valet-worker`"));
            Exit::NoAgent
        }
    }
}

async fn doctor(config: &Config, format: ResultFormat) -> Exit {
    let findings = doctor::examine(config).await;
    match format {
        ResultFormat::Table => print(&doctor::table(&findings)),
        ResultFormat::Json => print_json(&findings),
    }
    if findings.iter().all(|finding| finding.holds) {
        Exit::Success
    } else {
        Exit::No
    }
}
