//! Rules about `[access]`.

use super::backend::is_bucket_name;
use super::finding::{Finding, Findings};
use super::identifiers::duplicates;
use super::rule::{Context, Rule};
use crate::catalog::log_retention;
use crate::derive::access::{records_to_cloudwatch, records_to_s3};
use crate::diagnostic::Severity;
use crate::fleet::{SessionLog, Ssh};
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "access.ssh-open",
        severity: Severity::Error,
        title: "No port is open for SSH",
        reason: "Session Manager opens a shell without an inbound port and without SSH keys, and \
              logs it. Scanners find an open port 22 within minutes.",
        run: ssh_open,
    },
    Rule {
        code: "access.session-retention",
        severity: Severity::Error,
        title: "Session logs have a retention that CloudWatch Logs accepts",
        reason: "PutRetentionPolicy accepts a fixed list of days (CloudWatch Logs API reference).",
        run: session_retention,
    },
    Rule {
        code: "access.session-log-twice",
        severity: Severity::Error,
        title: "Every destination of session logs is listed once",
        reason: "Session Manager writes one log to S3 and one to CloudWatch Logs; a second entry has \
              no effect.",
        run: session_log_twice,
    },
    Rule {
        code: "access.sessions-unrecorded",
        severity: Severity::Warning,
        title: "Session Manager sessions are recorded",
        reason: "CloudTrail records that a session was opened; only the session's log shows which \
              commands were run.",
        run: sessions_unrecorded,
    },
    Rule {
        code: "access.session-bucket",
        severity: Severity::Error,
        title: "An existing bucket of session logs has a name that S3 accepts, and is used",
        reason: "S3 user guide, bucket naming rules. Without \"s3\" in `log_to` nothing is written to it.",
        run: session_bucket,
    },
];

fn ssh_open(context: &Context<'_>, findings: &mut Findings) {
    if context.fleet.access.ssh == Ssh::Open {
        findings.push(
            Finding::new(
                Path::of("access.ssh"),
                "`access.ssh` does not support an open port 22",
            )
            .label("opens SSH to the network")
            .help(
                "use \"none\" and `aws ssm start-session`, or \"instance_connect\", which \
                     opens no port to the internet",
            ),
        );
    }
}

fn session_retention(context: &Context<'_>, findings: &mut Findings) {
    let days = context.fleet.access.session_manager.retention_in_days;
    if records_to_cloudwatch(&context.fleet.access) && !log_retention::DAYS.contains(&days) {
        findings.push(
            Finding::new(
                Path::of("access.session_manager.retention_in_days"),
                format!("CloudWatch Logs has no retention of {days} days"),
            )
            .label("not a retention that CloudWatch Logs accepts")
            .help(format!(
                "the next longer one is {}",
                log_retention::at_least(days)
            )),
        );
    }
}

fn session_log_twice(context: &Context<'_>, findings: &mut Findings) {
    let path = Path::of("access.session_manager.log_to");
    let places = &context.fleet.access.session_manager.log_to;
    let keys = places.iter().map(|place| *place == SessionLog::S3);
    for (index, first) in duplicates(keys) {
        findings.push(
            Finding::new(
                path.clone().index(index),
                "a session log destination is listed twice in `log_to`",
            )
            .label("listed again")
            .related(path.clone().index(first), "listed here first")
            .help("remove one of them"),
        );
    }
}

fn session_bucket(context: &Context<'_>, findings: &mut Findings) {
    let Some(bucket) = &context.fleet.access.session_manager.bucket else {
        return;
    };
    let finding = Finding::new(
        Path::of("access.session_manager.bucket"),
        format!("session logs cannot be written to the bucket `{bucket}`"),
    );
    if !is_bucket_name(bucket) {
        findings.push(
            finding
                .label("not a bucket name")
                .help("write the bucket's name alone, such as \"session-records\""),
        );
    } else if !records_to_s3(&context.fleet.access) {
        findings.push(
            finding
                .label("`log_to` does not list \"s3\"")
                .help("add \"s3\" to `log_to`, or remove `bucket`"),
        );
    }
}

fn sessions_unrecorded(context: &Context<'_>, findings: &mut Findings) {
    if context.fleet.access.session_manager.log_to.is_empty() {
        findings.push(
            Finding::new(
                Path::of("access.session_manager.log_to"),
                "Session Manager sessions are not logged",
            )
            .label("`log_to` is empty")
            .help("remove `log_to`: sessions are logged to S3 and CloudWatch Logs by default"),
        );
    }
}
