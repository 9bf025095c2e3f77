//! Addresses of what the templates declare, for templates that refer to it.

use serde::Serialize;

use crate::catalog::metrics::Subject;
use crate::resolve::Environment;

/// The address of the name of what a series is of.
pub fn of_subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Group => "local.group",
        Subject::HealQueue => "aws_sqs_queue.heal_undelivered.name",
    }
}

/// Addresses that differ between what is the fleet's own and what exists.
#[derive(Debug, Serialize)]
pub struct Addresses<'p> {
    pub vpc: &'static str,
    /// The workers' subnets, and the key of the first.
    pub subnets: &'static str,
    pub first_subnet: &'p str,
    /// The key that encrypts everything.
    pub key: &'static str,
    pub session_bucket: &'static str,
    pub instance_profile: &'static str,
}

impl<'p> Addresses<'p> {
    pub fn of(environment: &'p Environment) -> Self {
        let either = |existing: bool, own, data| if existing { data } else { own };
        let key = either(
            environment.existing_key.is_some(),
            "aws_kms_key.fleet",
            "data.aws_kms_key.fleet",
        );
        let session_bucket = either(
            environment.access.bucket.is_some(),
            "aws_s3_bucket.session",
            "data.aws_s3_bucket.session",
        );
        let instance_profile = either(
            environment.iam.instance_profile.is_some(),
            "aws_iam_instance_profile.worker",
            "data.aws_iam_instance_profile.worker",
        );
        match &environment.network.created {
            Some(created) => Self {
                vpc: "aws_vpc.fleet",
                subnets: "aws_subnet.private",
                first_subnet: created.zones.first().map_or("", String::as_str),
                key,
                session_bucket,
                instance_profile,
            },
            None => Self {
                vpc: "data.aws_vpc.fleet",
                subnets: "data.aws_subnet.private",
                first_subnet: "0",
                key,
                session_bucket,
                instance_profile,
            },
        }
    }
}
