//! Rules about `[instances]` besides its types: metadata, the volumes' key, the on-demand base.

use super::finding::{Finding, Findings};
use super::identifiers::is_account_id;
use super::rule::{Context, Rule};
use crate::catalog::regions;
use crate::derive::instances::{HOPS_TO_CONTAINERS, foreign_key};
use crate::derive::scaling::largest_size;
use crate::diagnostic::Severity;
use crate::fleet::HttpTokens;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "instances.http-tokens-optional",
        severity: Severity::Error,
        title: "Instance metadata needs a session token",
        reason: "Without one (IMDSv1), a page that makes the worker fetch a URL can read the \
              instance's credentials.",
        run: http_tokens,
    },
    Rule {
        code: "instances.hop-limit",
        severity: Severity::Error,
        title: "Instance metadata goes no farther than a container on the host",
        reason: "Each hop beyond the second lets the answer, credentials included, leave the host \
              through a proxy or a tunnel.",
        run: hop_limit,
    },
    Rule {
        code: "instances.kms-key",
        severity: Severity::Error,
        title: "The volume's key is the fleet's own or the ARN of a KMS key",
        reason: "An alias can be pointed at another key, after which instances stop launching.",
        run: kms_key,
    },
    Rule {
        code: "instances.kms-key-elsewhere",
        severity: Severity::Error,
        title: "The volume's key is in the fleet's region and partition",
        reason: "EBS uses KMS keys of its own region only. With another key the apply succeeds, and \
              then every launch fails.",
        run: kms_key_elsewhere,
    },
    Rule {
        code: "instances.base-above-max",
        severity: Severity::Error,
        title: "The on-demand base fits into the group",
        reason: "A base above the largest size is never reached, so no instance is ever spot.",
        run: base_above_max,
    },
];

fn http_tokens(context: &Context<'_>, findings: &mut Findings) {
    if context.fleet.instances.metadata_options.http_tokens == HttpTokens::Optional {
        findings.push(
            Finding::new(
                Path::of("instances.metadata_options.http_tokens"),
                "IMDSv1 is allowed: instance metadata can be read without a session token",
            )
            .label("allows IMDSv1")
            .help("write \"required\", or leave out `http_tokens`: it is the default"),
        );
    }
}

fn hop_limit(context: &Context<'_>, findings: &mut Findings) {
    let hops = context
        .fleet
        .instances
        .metadata_options
        .http_put_response_hop_limit
        .get();
    if hops > HOPS_TO_CONTAINERS {
        findings.push(
            Finding::new(
                Path::of("instances.metadata_options.http_put_response_hop_limit"),
                format!("the metadata hop limit allows {hops} hops"),
            )
            .label("more than a container on the host needs")
            .help("use 1, or 2 where containers need the instance's credentials"),
        );
    }
}

fn is_key_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "kms", region, account, resource] = parts.as_slice() else {
        return false;
    };
    let id = resource.strip_prefix("key/").unwrap_or_default();
    partition.starts_with("aws")
        && !region.is_empty()
        && is_account_id(account)
        && id.len() >= 36
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn kms_key(context: &Context<'_>, findings: &mut Findings) {
    let key = foreign_key(&context.fleet.instances.root_volume);
    if let Some(key) = key.filter(|key| !is_key_arn(key)) {
        findings.push(
            Finding::new(
                Path::of("instances.root_volume.kms_key"),
                format!("`{key}` is not a KMS key"),
            )
            .label("neither \"managed\" nor a key's ARN")
            .help(
                "write \"managed\", or an ARN such as arn:aws:kms:us-east-1:111122223333:key/<id>",
            ),
        );
    }
}

fn kms_key_elsewhere(context: &Context<'_>, findings: &mut Findings) {
    let key = &context.fleet.instances.root_volume.kms_key;
    let parts: Vec<&str> = key.split(':').collect();
    let (true, Some(region)) = (
        is_key_arn(key),
        regions::find(&context.fleet.identity.region),
    ) else {
        return;
    };
    let (partition, of_key) = (parts[1], parts[3]);
    if partition == region.partition() && of_key == region.name {
        return;
    }
    let label = if partition == region.partition() {
        format!("a key of {of_key}")
    } else {
        format!("a key of the partition {partition}")
    };
    findings.push(
        Finding::new(
            Path::of("instances.root_volume.kms_key"),
            format!("EBS in {} cannot use this KMS key", region.name),
        )
        .label(label)
        .related(Path::of("fleet.region"), "the fleet's region")
        .help(format!(
            "use a key of {}; a multi-Region key has an ARN in each of its regions",
            region.name
        )),
    );
}

fn base_above_max(context: &Context<'_>, findings: &mut Findings) {
    let base = context.fleet.instances.on_demand_base_capacity.get();
    let largest = largest_size(&context.fleet.scaling, &context.fleet.schedule);
    // A group of size 0 is another rule's.
    if largest > 0 && base > largest {
        findings.push(
            Finding::new(
                Path::of("instances.on_demand_base_capacity"),
                format!(
                    "an on-demand base of {base} exceeds the group's largest size of {largest}"
                ),
            )
            .label("above the largest size")
            .related(Path::of("scaling.max_size"), "the largest size")
            .help("lower the base, or raise `max_size`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_arns() {
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        assert!(is_key_arn(&format!(
            "arn:aws:kms:us-east-1:111122223333:key/{id}"
        )));
        assert!(is_key_arn(&format!(
            "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-{id}"
        )));
        assert!(!is_key_arn(
            "arn:aws:kms:us-east-1:111122223333:alias/valet"
        ));
        assert!(!is_key_arn(id));
    }
}
