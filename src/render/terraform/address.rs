//! Addresses of what the templates declare, for templates that refer to it.

use serde::Serialize;

use crate::catalog::metrics::Subject;
use crate::resolve::Network;

/// The address of the name of what a series is of.
pub fn of_subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Group => "local.group",
        Subject::HealQueue => "aws_sqs_queue.heal_undelivered.name",
    }
}

/// Addresses that differ between a VPC of the fleet's own and an existing one.
#[derive(Debug, Serialize)]
pub struct Addresses<'p> {
    pub vpc: &'static str,
    /// The workers' subnets, and the key of the first.
    pub subnets: &'static str,
    pub first_subnet: &'p str,
}

impl<'p> Addresses<'p> {
    pub fn of(network: &'p Network) -> Self {
        match &network.created {
            Some(created) => Self {
                vpc: "aws_vpc.fleet",
                subnets: "aws_subnet.private",
                first_subnet: created.zones.first().map_or("", String::as_str),
            },
            None => Self {
                vpc: "data.aws_vpc.fleet",
                subnets: "data.aws_subnet.private",
                first_subnet: "0",
            },
        }
    }
}
