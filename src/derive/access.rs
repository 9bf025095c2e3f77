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

/// Whether session records go to a bucket of the fleet's own.
#[must_use]
pub fn records_to_own_bucket(access: &Access) -> bool {
    records_to_s3(access) && access.session_manager.bucket.is_none()
}

/// What the keys of the records in S3 begin with; a bucket that is shared has a part for each environment.
#[must_use]
pub fn record_prefix(access: &Access, path: &str) -> String {
    match &access.session_manager.bucket {
        Some(_) => format!("{}/sessions", path.trim_start_matches('/')),
        None => "sessions".to_owned(),
    }
}

fn records_to(access: &Access, place: SessionLog) -> bool {
    access.session_manager.log_to.contains(&place)
}

/// Whether there is an EC2 Instance Connect endpoint, for which the image keeps sshd.
#[must_use]
pub fn has_instance_connect(access: &Access) -> bool {
    access.ssh == Ssh::InstanceConnect
}
