//! `valet-gen secrets`

use std::path::PathBuf;

use clap::Subcommand;

use super::{Exit, ResultFormat, bake_aws, complete};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen secrets status --environment staging
  op read op://fleet/database-url | valet-gen secrets push DATABASE_URL --environment staging
  valet-gen secrets push WORKER_API_KEY --environment staging --file key.txt
  valet-gen secrets migrate .env --environment staging --map HATCHET_TOKEN=HATCHET_CLIENT_TOKEN

A value comes from standard input, a file, or a prompt that does not show it, never from the command line, which every process of a machine can read.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Store the value of one secret. One newline at its end is left out.
    Push(PushArgs),
    /// Store the values of a .env file. It is shown what goes where, and asked for; a value is never shown.
    Migrate(MigrateArgs),
    /// Say which secrets are missing, hold Terraform's placeholder, are due for a new value, or stand in AWS alone. No
    /// value is read.
    Status(StatusArgs),
}

#[derive(Debug, clap::Args)]
pub struct PushArgs {
    /// The secret, by its name in [secrets].
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The file that is the value. [default: standard input; where that is a terminal, a prompt that does not show it]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(long, value_name = "FILE", default_value = "fleet.toml")]
    pub fleet: PathBuf,
    /// The environment; needed where fleet.toml has several.
    #[arg(long, value_name = "NAME", add = complete::environments())]
    pub environment: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct MigrateArgs {
    /// The .env file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A name in the file, and the secret of [secrets] that its value becomes, where they differ.
    #[arg(long, value_name = "NAME=SECRET")]
    pub map: Vec<String>,
    /// Do not ask before the values are stored.
    #[arg(long)]
    pub yes: bool,
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(long, value_name = "FILE", default_value = "fleet.toml")]
    pub fleet: PathBuf,
    /// The environment; needed where fleet.toml has several.
    #[arg(long, value_name = "NAME", add = complete::environments())]
    pub environment: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(long, value_name = "FILE", default_value = "fleet.toml")]
    pub fleet: PathBuf,
    /// The environment; needed where fleet.toml has several.
    #[arg(long, value_name = "NAME", add = complete::environments())]
    pub environment: Option<String>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ResultFormat,
}

pub fn run(command: &Command) -> Exit {
    match command {
        Command::Push(arguments) => bake_aws::push(arguments),
        Command::Migrate(arguments) => bake_aws::migrate(arguments),
        Command::Status(arguments) => bake_aws::secret_status(arguments),
    }
}
