//! How people reach an instance, and where the record of it goes.

use crate::fleet::{Access, SessionLog, Ssh};

/// Whether session records go to S3.
#[must_use]
pub fn records_to_s3(access: &Access) -> bool {
    records_to(access, SessionLog::S3)
}

/// Whether session records go to CloudWatch Logs.
#[must_use]
pub fn records_to_cloudwatch(access: &Access) -> bool {
    records_to(access, SessionLog::CloudWatch)
}

fn records_to(access: &Access, place: SessionLog) -> bool {
    access.session_manager.log_to.contains(&place)
}

/// Whether there is an EC2 Instance Connect endpoint, for which the image keeps sshd.
#[must_use]
pub fn has_instance_connect(access: &Access) -> bool {
    access.ssh == Ssh::InstanceConnect
}
