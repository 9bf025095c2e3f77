//! What is typed.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use super::client_arguments::ClientCommand;
use super::examples;
use super::numbers::within;
use crate::access::Role;
use crate::ranges::TOKEN_DAYS;

/// The control plane of Valet fleets.
#[derive(Debug, Parser)]
#[command(name = "valet-control", version, about, max_term_width = 100, after_help = examples::PROGRAM)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

/// Everything that can be typed.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API.
    Serve(ServeArguments),
    /// Bring the database's schema up to date.
    Migrate(MigrateArguments),
    /// Make, list and revoke the API's tokens, with access to the database.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Try it: start a PostgreSQL of its own, migrate, and serve on loopback.
    #[command(after_help = examples::DEV)]
    Dev(DevArguments),
    #[command(flatten)]
    Client(ClientCommand),
    /// Print the OpenAPI document.
    Openapi,
    /// Print a completion script for a shell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: Shell,
    },
}

/// Where the configuration is.
#[derive(Clone, Debug, Args)]
pub struct ConfigArguments {
    /// The configuration.
    #[arg(long, env = "VALET_CONTROL_CONFIG", default_value = "control.toml")]
    pub config: PathBuf,
    /// The database's address; it wins over `database` in the configuration.
    #[arg(long, env = "VALET_CONTROL_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
}

#[derive(Debug, Args)]
pub struct ServeArguments {
    #[command(flatten)]
    pub config: ConfigArguments,
}

#[derive(Debug, Args)]
pub struct MigrateArguments {
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Also allow this role what the server needs. It can add to the audit log and not change it.
    #[arg(long)]
    pub grant: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print its secret, once.
    #[command(after_help = examples::TOKEN_CREATE)]
    Create {
        #[command(flatten)]
        config: ConfigArguments,
        /// Whose it is.
        name: String,
        #[arg(long, value_enum, default_value = "viewer")]
        role: Role,
        /// Days for which it counts; until it is revoked when left out.
        #[arg(long, value_parser = within(&TOKEN_DAYS))]
        days: Option<u32>,
    },
    /// List the tokens, without their secrets.
    List {
        #[command(flatten)]
        config: ConfigArguments,
    },
    /// End a token at once.
    Revoke {
        #[command(flatten)]
        config: ConfigArguments,
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct DevArguments {
    /// The folder that PostgreSQL's data is kept in; a new one that is removed at the end when left out.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// The port on 127.0.0.1; a free one when left out.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// The configuration whose fleets may enrol.
    #[arg(long, env = "VALET_CONTROL_CONFIG", conflicts_with = "hosts")]
    pub config: Option<PathBuf>,
    /// Play a fleet of so many hosts: real agents, which take tasks and orders. For builds with the cargo feature
    /// `dev-fleet`.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub hosts: Option<u32>,
    /// The agent's program for --hosts. Left out: cargo builds it.
    #[arg(long, requires = "hosts")]
    pub agent: Option<PathBuf>,
}
