//! `[access]`

use serde::Serialize;

use crate::fleet::{self, SessionLog, Ssh};

/// How people reach an instance.
#[derive(Clone, Debug, Serialize)]
pub struct Access {
    /// Whether there is an EC2 Instance Connect endpoint.
    pub instance_connect: bool,
    pub log_to_s3: bool,
    pub log_to_cloudwatch: bool,
    pub idle_minutes: u32,
    pub retention_in_days: u32,
}

pub fn resolve(access: &fleet::Access) -> Access {
    let fleet::Access {
        ssh,
        session_manager:
            fleet::SessionManager {
                log_to,
                idle_minutes,
                retention_in_days,
            },
    } = access;
    Access {
        instance_connect: *ssh == Ssh::InstanceConnect,
        log_to_s3: log_to.contains(&SessionLog::S3),
        log_to_cloudwatch: log_to.contains(&SessionLog::CloudWatch),
        idle_minutes: idle_minutes.get(),
        retention_in_days: *retention_in_days,
    }
}
