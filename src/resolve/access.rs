//! `[access]`

use serde::Serialize;

use crate::{derive, fleet};

/// How people reach an instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says of one way in whether it is there, and templates ask them one by one"
)]
pub struct Access {
    /// Whether there is an EC2 Instance Connect endpoint.
    pub instance_connect: bool,
    /// Whether operators come through IAM Identity Center.
    pub identity_center: bool,
    pub log_to_s3: bool,
    /// The existing bucket of the records; `None` for the fleet's own.
    pub bucket: Option<String>,
    /// Whether records go to a bucket of the fleet's own.
    pub own_bucket: bool,
    /// What the keys of the records begin with.
    pub record_prefix: String,
    pub log_to_cloudwatch: bool,
    pub idle_minutes: u32,
    pub retention_in_days: u32,
}

pub fn resolve(access: &fleet::Access, path: &str) -> Access {
    let fleet::Access {
        ssh: _,
        operators,
        session_manager:
            fleet::SessionManager {
                log_to: _,
                bucket,
                idle_minutes,
                retention_in_days,
            },
    } = access;
    Access {
        instance_connect: derive::access::has_instance_connect(access),
        identity_center: *operators == fleet::OperatorSignIn::IdentityCenter,
        log_to_s3: derive::access::records_to_s3(access),
        bucket: bucket
            .clone()
            .filter(|_| derive::access::records_to_s3(access)),
        own_bucket: derive::access::records_to_own_bucket(access),
        record_prefix: derive::access::record_prefix(access, path),
        log_to_cloudwatch: derive::access::records_to_cloudwatch(access),
        idle_minutes: idle_minutes.get(),
        retention_in_days: *retention_in_days,
    }
}
