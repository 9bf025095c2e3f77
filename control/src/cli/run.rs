//! From the command line to an exit code.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use super::arguments::{Arguments, Command, ConfigArguments, MigrateArguments};
use super::client::ClientError;
use super::{client_run, complete, dev, logging, serve, token};
use crate::config::{Config, ConfigError};
use crate::database::{self, Database, DatabaseError};
use crate::http;
use crate::postgres::PostgresError;
use crate::problem::Problem;

/// Why a command failed, by its exit code.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// 1: the server, or the database, does not do what was asked.
    #[error("{0}")]
    Refused(#[from] Problem),
    /// 3: the configuration cannot be used.
    #[error("error[config]: {0}")]
    Config(#[from] ConfigError),
    /// 4: the database cannot be used.
    #[error("error[database]: {0}")]
    Database(#[from] DatabaseError),
    /// 5: no PostgreSQL of our own.
    #[error("error[postgresql]: {0}")]
    Postgres(#[from] PostgresError),
    /// 1, 3 or 7: a server that was asked does not do it, could not be asked, or does not answer.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// 8: `dev --hosts` cannot play a fleet.
    #[error("{0}")]
    DevFleet(String),
    /// 6: a file or a port.
    #[error("error[io]: {what}: {error}")]
    Io { what: String, error: std::io::Error },
}

impl CommandError {
    /// The exit code, which is stable.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Config(_) => 3,
            Self::Database(_) => 4,
            Self::Postgres(_) => 5,
            Self::Client(error) => error.code(),
            Self::Io { .. } => 6,
            Self::DevFleet(_) => 8,
        }
    }
}

/// Runs what was typed.
#[must_use]
pub fn main() -> ExitCode {
    complete::answer_shell();
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(&CommandError::Io {
                what: "the runtime".to_owned(),
                error,
            });
        }
    };
    match runtime.block_on(run(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &CommandError) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{error}");
    ExitCode::from(error.code())
}

async fn run(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Serve(arguments) => {
            logging::start();
            serve::serve(&arguments.config).await
        }
        Command::Migrate(arguments) => migrate(arguments).await,
        Command::Token { command } => token::run(command).await,
        Command::Dev(arguments) => {
            logging::start();
            dev::dev(arguments).await
        }
        Command::Client(command) => tokio::task::block_in_place(|| client_run::run(command)),
        Command::Completions { shell } => complete::script(shell),
        Command::Openapi => print(&format!("{:#}\n", http::document())),
    }
}

/// Prints to standard output.
pub fn print(text: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| CommandError::Io {
            what: "standard output".to_owned(),
            error,
        })
}

/// Prints a line to standard output, which may be closed.
#[cfg(feature = "dev-fleet")]
pub(crate) fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The configuration, which may be left out where the database is named otherwise.
pub fn load(arguments: &ConfigArguments) -> Result<(Config, Database), CommandError> {
    let mut config = if arguments.config.exists() || arguments.database.is_none() {
        Config::load(&arguments.config)?
    } else {
        Config::default()
    };
    if let Some(address) = &arguments.database {
        config.database = Some(address.clone());
    }
    let address = config.database.as_deref().ok_or(ConfigError::NoDatabase)?;
    let database = Database::new(address, config.database_connections)?;
    Ok((config, database))
}

async fn migrate(arguments: MigrateArguments) -> Result<(), CommandError> {
    let (_, database) = load(&arguments.config)?;
    let applied = database::migrate(&database).await?;
    if let Some(role) = &arguments.grant {
        database::grant(&database, role).await?;
    }
    print(&format!(
        "versions of the schema that were applied: {applied}\n"
    ))
}
