//! What is typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// The agent inside every instance of a Valet fleet.
#[derive(Debug, Parser)]
#[command(name = "valet-worker", version)]
#[command(
    after_help = "Exit codes: 0 done; 1 check failed or request refused; 2 usage; 3 invalid worker.toml; 4 no agent responds; 5 the agent cannot run"
)]
pub struct Arguments {
    /// The agent's configuration, as valet-gen renders it.
    #[arg(long, global = true, default_value = valet_protocol::config::PATH)]
    pub config: PathBuf,

    #[command(subcommand)]
    pub command: Command,
}

/// What the agent's program is asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look after this host until SIGTERM. systemd starts it.
    Run,
    /// Say how the host is.
    Status {
        #[arg(long, value_enum, default_value_t)]
        format: ResultFormat,
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
        format: ResultFormat,
    },
    /// Take tasks again after a drain that a person or the Valet API ordered.
    Resume {
        #[arg(long, value_enum, default_value_t)]
        format: ResultFormat,
    },
    /// Check every precondition of this host, and change nothing.
    Doctor {
        #[arg(long, value_enum, default_value_t)]
        format: ResultFormat,
    },
    /// Give this host the settings of its instance: write worker.toml and what other programs read. systemd runs it as
    /// root before any service.
    Configure,
    /// Look at every service, restart what is down, and look again. Prints JSON.
    Heal,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}
