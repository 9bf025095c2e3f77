//! Rules about `terraform.backend`: the bucket of the state.

use super::finding::{Finding, Findings};
use super::identifiers::did_you_mean;
use super::rule::{Context, Rule};
use crate::catalog::{regions, resource_names};
use crate::derive::terraform::ENVIRONMENT_PLACEHOLDER;
use crate::diagnostic::Severity;
use crate::fleet::{Backend, S3Backend};
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "terraform.bucket-name",
        severity: Severity::Error,
        title: "The state's bucket has a name that S3 accepts",
        reason: "S3 user guide, bucket naming rules: 3 to 63 lower-case letters, digits, dots and \
              hyphens, beginning and ending with a letter or digit, no two dots in a row, not an \
              IP address, none of the reserved prefixes and suffixes.",
        run: bucket_name,
    },
    Rule {
        code: "terraform.backend-region",
        severity: Severity::Error,
        title: "The state's bucket is in an AWS region",
        reason: "`terraform init` would look for the bucket in a region that does not exist.",
        run: backend_region,
    },
    Rule {
        code: "terraform.state-not-locked",
        severity: Severity::Warning,
        title: "The state is locked while it changes",
        reason: "Two applies at once would overwrite each other's state; a lock file in the bucket \
              costs nothing.",
        run: state_not_locked,
    },
    Rule {
        code: "terraform.backend-key",
        severity: Severity::Error,
        title: "Every root module has a state of its own in the bucket",
        reason: "Two root modules with one state object would destroy each other's resources. The key holds \
              `{environment}` once, so that each environment and the account have one.",
        run: backend_key,
    },
];

fn s3_backend<'a>(context: &Context<'a>) -> Option<&'a S3Backend> {
    match &context.fleet.terraform.backend {
        Backend::S3(s3) => Some(s3),
        Backend::Local => None,
    }
}

/// Whether S3 accepts the name for a bucket.
pub fn is_bucket_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name
            .bytes()
            .all(|byte| plain(byte) || matches!(byte, b'-' | b'.'))
        && name.bytes().next().is_some_and(plain)
        && name.bytes().next_back().is_some_and(plain)
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
        && resource_names::S3.reserved_beginning(name).is_none()
        && resource_names::S3.reserved_ending(name).is_none()
}

fn bucket_name(context: &Context<'_>, findings: &mut Findings) {
    let Some(s3) = s3_backend(context) else {
        return;
    };
    if !is_bucket_name(&s3.bucket) {
        findings.push(
            Finding::new(
                Path::of("terraform.backend.bucket"),
                format!("`{}` is not a valid S3 bucket name", s3.bucket),
            )
            .label("not a bucket name")
            .help(
                "use 3 to 63 lower-case letters, digits, dots and hyphens, such as \
                 \"valet-terraform-state\"",
            ),
        );
    }
}

fn backend_region(context: &Context<'_>, findings: &mut Findings) {
    let Some(region) = s3_backend(context).and_then(|s3| s3.region.as_ref()) else {
        return;
    };
    if regions::find(region).is_none() {
        findings.push(
            Finding::new(
                Path::of("terraform.backend.region"),
                format!("there is no AWS region `{region}`"),
            )
            .label("unknown region")
            .help(did_you_mean(
                regions::guess(region),
                "write a region's code, such as `us-east-1`, or leave `region` out: it is the fleet's then",
            )),
        );
    }
}

fn backend_key(context: &Context<'_>, findings: &mut Findings) {
    const MAX_KEY_BYTES: usize = 1024;
    let Some(key) = s3_backend(context).and_then(|s3| s3.key.as_ref()) else {
        return;
    };
    let problem = if key.matches(ENVIRONMENT_PLACEHOLDER).count() != 1 {
        "does not hold `{environment}` once"
    } else if key
        .replace(ENVIRONMENT_PLACEHOLDER, "")
        .contains(['{', '}'])
    {
        "holds another placeholder"
    } else if key.starts_with('/') || key.ends_with('/') || key.contains("//") {
        "not the key of an object"
    } else if key.len() > MAX_KEY_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        "not 1 to 1,024 printable ASCII characters"
    } else {
        return;
    };
    findings.push(
        Finding::new(
            Path::of("terraform.backend.key"),
            format!("`{key}` is not a key for the states of several root modules"),
        )
        .label(problem)
        .help("write a key such as \"valet/{environment}/terraform.tfstate\""),
    );
}

fn state_not_locked(context: &Context<'_>, findings: &mut Findings) {
    if s3_backend(context).is_some_and(|s3| !s3.use_lockfile) {
        findings.push(
            Finding::new(
                Path::of("terraform.backend.use_lockfile"),
                "the S3 backend has no state locking",
            )
            .label("lets two applies overwrite each other's state")
            .help("remove `use_lockfile = false`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names() {
        for name in ["abc", "valet-terraform-state", "a.b.c"] {
            assert!(is_bucket_name(name), "{name}");
        }
        for name in [
            "ab", "Valet", "-ab", "ab-", "a..b", "10.0.0.1", "xn--abc", "a_b",
        ] {
            assert!(!is_bucket_name(name), "{name}");
        }
    }
}
