//! The commands that ask a server.

use clap::{Args, Subcommand, ValueEnum};

use super::client::ServerArguments;
use super::fleet_arguments::FleetCommand;
use super::numbers::within;
use super::watch::Topic;
use super::{complete, examples};
use crate::ranges::{ENTRIES, KEY_END_SECONDS, ORDER_SECONDS, STREAM_SECONDS};

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Table,
    /// What the API says. With `--watch`, one line for each change.
    Json,
}

#[derive(Clone, Debug, Args)]
pub struct OutputArguments {
    #[arg(long, value_enum, default_value = "table")]
    pub format: OutputFormat,
}

#[derive(Clone, Debug, Args)]
pub struct WatchArguments {
    /// Print it again whenever it has changed, until Ctrl-C.
    #[arg(long)]
    pub watch: bool,
}

impl WatchArguments {
    /// What is followed, if something is.
    pub fn of(&self, topic: Topic) -> Option<Topic> {
        self.watch.then_some(topic)
    }
}

/// An order for a host.
#[derive(Clone, Debug, Args)]
pub struct OrderArguments {
    /// The instance's id.
    #[arg(add = complete::hosts())]
    pub host: String,
    /// Why. It stands in the audit log and in the host's own log.
    #[arg(long)]
    pub reason: String,
    /// Seconds within which the host has to begin, an hour when left out.
    #[arg(long, value_parser = within(&ORDER_SECONDS))]
    pub expires_seconds: Option<u32>,
    /// Follow the order until it has come to its end; the exit code is 1 unless it is done.
    #[arg(long)]
    pub watch: bool,
}

#[derive(Clone, Debug, Args)]
pub struct DrainingArguments {
    #[command(flatten)]
    pub order: OrderArguments,
    /// Seconds after which running tasks are aborted. Left out: they take as long as they take.
    #[arg(long, value_parser = within(&ORDER_SECONDS))]
    pub within_seconds: Option<u32>,
}

/// What a restart is of.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum RestartOf {
    #[default]
    Runtime,
    /// The runtime, AdsPower and the screen.
    Services,
}

#[derive(Clone, Debug, Args)]
pub struct ClientArguments {
    #[command(flatten)]
    pub server: ServerArguments,
    #[command(flatten)]
    pub output: OutputArguments,
}

/// Which events.
#[derive(Clone, Debug, Args)]
pub struct EventsArguments {
    /// Those that concern this host.
    #[arg(long, add = complete::hosts())]
    pub host: Option<String>,
    /// Those of these kinds, with commas in between: host, order, session, finding, audit.
    #[arg(long)]
    pub kinds: Option<String>,
    /// End after so many seconds.
    #[arg(long, value_parser = within(&STREAM_SECONDS))]
    pub for_seconds: Option<u32>,
    #[command(flatten)]
    pub client: ClientArguments,
}

/// A command that asks a server.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// List the hosts, and why each takes no tasks.
    #[command(after_help = examples::HOSTS)]
    Hosts {
        /// Those of this Auto Scaling group.
        #[arg(long, add = complete::fleets())]
        group: Option<String>,
        /// Those in this state.
        #[arg(long, add = complete::states())]
        state: Option<String>,
        /// Those whose id, zone, type, state or cause has this text.
        #[arg(long)]
        search: Option<String>,
        /// Also those that AWS does not have any more.
        #[arg(long)]
        gone: bool,
        #[command(flatten)]
        watch: WatchArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show a host with its orders, states and sessions.
    #[command(after_help = examples::HOST)]
    Host {
        /// The instance's id.
        #[arg(add = complete::hosts())]
        id: String,
        #[command(flatten)]
        watch: WatchArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Order a host to finish its tasks and take no new ones.
    #[command(after_help = examples::DRAIN)]
    Drain {
        #[command(flatten)]
        order: DrainingArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Order a host to take tasks again.
    #[command(after_help = examples::RESUME)]
    Resume {
        #[command(flatten)]
        order: OrderArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Order a host to drain, restart, and take tasks again.
    #[command(after_help = examples::RESTART)]
    Restart {
        #[command(flatten)]
        order: DrainingArguments,
        #[arg(long, value_enum, default_value = "runtime")]
        of: RestartOf,
        #[command(flatten)]
        client: ClientArguments,
    },
    #[command(flatten)]
    Fleet(FleetCommand),
    /// List the orders, or show one.
    #[command(after_help = examples::ORDERS)]
    Orders {
        /// Only this order. With `--watch`, until it has come to its end.
        #[arg(add = complete::orders())]
        id: Option<String>,
        /// Those of this host.
        #[arg(long, conflicts_with = "id", add = complete::hosts())]
        host: Option<String>,
        /// Only those that stand.
        #[arg(long, conflicts_with = "id")]
        standing: bool,
        #[command(flatten)]
        watch: WatchArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Take an order back. A host that has begun goes on with it.
    #[command(after_help = examples::CANCEL)]
    Cancel {
        /// The order's id.
        #[arg(add = complete::orders())]
        id: String,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// List the tasks that run and ran.
    #[command(after_help = examples::SESSIONS)]
    Sessions {
        /// Those of this host.
        #[arg(long, add = complete::hosts())]
        host: Option<String>,
        /// Only those that run.
        #[arg(long)]
        running: bool,
        /// At most so many, up to 500.
        #[arg(long, default_value_t = 100, value_parser = within(&ENTRIES))]
        limit: u32,
        #[command(flatten)]
        watch: WatchArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Print what happens as it happens.
    #[command(after_help = examples::EVENTS)]
    Events(EventsArguments),
    /// Show the audit log.
    #[command(after_help = examples::AUDIT)]
    Audit {
        /// Only rows of this host, order, key or token.
        #[arg(long)]
        target: Option<String>,
        /// At most so many rows, up to 500.
        #[arg(long, default_value_t = 100, value_parser = within(&ENTRIES))]
        limit: u32,
        #[command(flatten)]
        watch: WatchArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// List, add and end the keys that instances enrol with.
    #[command(after_help = examples::KEYS)]
    Keys {
        #[command(subcommand)]
        command: KeyCommand,
    },
}

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// List the keys, without their values.
    List {
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Add a key and print its value, once. Those that count go on counting.
    Add {
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// End a key after some time. Hosts that enrolled with it stay enrolled.
    Retire {
        /// The key's id.
        id: String,
        /// Seconds after which it ends; 14 days are 1209600.
        #[arg(long, value_parser = within(&KEY_END_SECONDS))]
        after_seconds: u32,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        client: ClientArguments,
    },
}
