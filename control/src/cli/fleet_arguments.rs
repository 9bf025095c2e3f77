//! The commands that ask a server for what AWS does.

use clap::{Args, Subcommand};

use super::client_arguments::{ClientArguments, WatchArguments};
use super::numbers::within;
use super::{complete, examples};
use crate::ranges::{ORDER_SECONDS, RELEASE_SECONDS};

/// A hold. It ends by itself.
#[derive(Clone, Debug, Args)]
pub struct HoldArguments {
    /// The instance's id.
    #[arg(add = complete::hosts())]
    pub host: String,
    /// Seconds for which it is held, a week at the most.
    #[arg(long, value_parser = within(&ORDER_SECONDS))]
    pub for_seconds: u32,
    /// Why. It stands in the audit log and in the host's own log.
    #[arg(long)]
    pub reason: String,
    /// Seconds after which running tasks are aborted. Left out: they take as long as they take.
    #[arg(long, value_parser = within(&ORDER_SECONDS))]
    pub within_seconds: Option<u32>,
}

#[derive(Clone, Debug, Args)]
pub struct DecommissionArguments {
    /// The instance's id.
    #[arg(add = complete::hosts())]
    pub host: String,
    /// Its group replaces it.
    #[arg(long, required_unless_present = "shrink")]
    pub replace: bool,
    /// Its group becomes smaller by one.
    #[arg(long, conflicts_with = "replace")]
    pub shrink: bool,
    /// Why. It stands in the audit log and in the host's own log.
    #[arg(long)]
    pub reason: String,
    /// Seconds after which it ends even if it has not drained, an hour when left out.
    #[arg(long, value_parser = within(&ORDER_SECONDS))]
    pub within_seconds: Option<u32>,
    /// Follow the order until it has come to its end; the exit code is 1 unless it is done.
    #[arg(long)]
    pub watch: bool,
}

/// A command about fleets, or about the end of hosts.
#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// Order a host to drain, and protect it from scale-in, for some time.
    #[command(after_help = examples::HOLD)]
    Hold {
        #[command(flatten)]
        order: HoldArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Order a host to drain, and terminate it.
    #[command(after_help = examples::DECOMMISSION)]
    Decommission {
        #[command(flatten)]
        order: DecommissionArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// List the fleets, as AWS said last.
    #[command(after_help = examples::FLEETS)]
    Fleets {
        #[command(flatten)]
        watch: WatchArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Say how many hosts a fleet should have.
    #[command(after_help = examples::CAPACITY)]
    Capacity {
        /// The Auto Scaling group's name.
        #[arg(add = complete::fleets())]
        fleet: String,
        /// From the group's minimum to its maximum.
        desired: u32,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// List what was found: silent hosts, zones with too many of them, groups that AWS does not show.
    #[command(after_help = examples::FINDINGS)]
    Findings {
        #[command(flatten)]
        watch: WatchArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Let a host, or the hosts of a group that ran before the server did, enrol.
    #[command(after_help = examples::RELEASE)]
    Release {
        /// The instance's id.
        #[arg(long, required_unless_present = "group")]
        host: Option<String>,
        /// The Auto Scaling group's name.
        #[arg(long, conflicts_with = "host")]
        group: Option<String>,
        /// Seconds for which they may, 900 when left out; a day at the most.
        #[arg(long, value_parser = within(&RELEASE_SECONDS))]
        seconds: Option<u32>,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        client: ClientArguments,
    },
}
