//! The commands.

pub mod client;
pub mod exit;
pub mod table;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use hyper::Method;
use serde::Serialize;
use valet_protocol::Config;
use valet_protocol::instance::SETTINGS_PATH;
use valet_protocol::local_api::{DrainRequest, Status};

use crate::configure::{self, Outcome};
use crate::logging::{self, Reloader};
use crate::{config_file, doctor, heal, secrets, supervisor};
use client::CallError;
use exit::Exit;

/// The agent inside every instance of a Valet fleet.
#[derive(Debug, Parser)]
#[command(name = "valet-worker", version)]
#[command(
    after_help = "Exit codes: 0 done; 1 check failed or request refused; 2 usage; 3 invalid worker.toml; 4 no agent responds; 5 the agent cannot run"
)]
struct Arguments {
    /// The agent's configuration, as valet-gen renders it.
    #[arg(long, global = true, default_value = valet_protocol::config::PATH)]
    config: PathBuf,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look after this host until SIGTERM. systemd starts it.
    Run,
    /// Say how the host is.
    Status {
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Take no new tasks, and stop the runtime when those that run have ended.
    Drain {
        /// Why, for whoever reads the log.
        #[arg(long)]
        cause: Option<String>,
        /// Seconds after which what still runs is given back to Hatchet.
        #[arg(long)]
        within: Option<u32>,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Take tasks again after a drain that a person or the Valet API ordered.
    Resume {
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Check every precondition of this host, and change nothing.
    Doctor {
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Give this host the settings of its instance: write worker.toml and what other programs read. systemd runs it as
    /// root before any service.
    Configure,
    /// Look at every service, restart what is down, and look again. Prints JSON.
    Heal,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

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

fn answer(answer: Result<Status, CallError>, format: Format) -> Exit {
    match answer {
        Ok(status) => {
            match format {
                Format::Table => print(&table::status(&status)),
                Format::Json => print_json(&status),
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

async fn doctor(config: &Config, format: Format) -> Exit {
    let findings = doctor::examine(config).await;
    match format {
        Format::Table => print(&doctor::table(&findings)),
        Format::Json => print_json(&findings),
    }
    if findings.iter().all(|finding| finding.holds) {
        Exit::Success
    } else {
        Exit::No
    }
}

fn print_json<T: Serialize>(value: &T) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    print(&format!("{text}\n"));
}

/// A reader that has gone away has what it wanted.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "valet-worker: {text}");
}
