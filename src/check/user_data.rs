//! Rules about the instance's user data.

use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use crate::derive::identity;
use crate::derive::secrets::{ROLE_POLICY_CHARACTERS, role_policy_characters};
use crate::derive::user_data::{MAX_BYTES, MIME_BOUNDARY, kind, largest_bytes, unix_lines};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "instances.user-data-form",
        severity: Severity::Error,
        title: "A part of user data is a cloud-config or a script",
        reason: "cloud-init tells the kind of a part by its first line. It ignores a part that it does not know, with a \
              warning in a log on the host.",
        run: form,
    },
    Rule {
        code: "instances.user-data-settings",
        severity: Severity::Error,
        title: "A part of user data leaves the fleet's own settings alone",
        reason: "The agent starts with what the fleet's own part writes below /etc/valet. An instance with other settings \
              never becomes ready, and the group replaces it for ever.",
        run: settings,
    },
    Rule {
        code: "instances.user-data-too-large",
        severity: Severity::Error,
        title: "The user data fits into EC2's 16 KB",
        reason: "EC2 API reference, RunInstances: user data is limited to 16 KB before it is encoded. The fleet's own part, \
              with its settings and the names of its secrets, counts too.",
        run: too_large,
    },
];

fn parts<'a>(context: &Context<'a>) -> impl Iterator<Item = (Path, &'a str)> + use<'a> {
    let parts = context.fleet.instances.user_data.iter().enumerate();
    parts.map(|(index, text)| (Path::of("instances.user_data").index(index), text.as_str()))
}

fn form(context: &Context<'_>, findings: &mut Findings) {
    for (path, text) in parts(context) {
        let unreadable = unix_lines(text)
            .chars()
            .find(|other| other.is_control() && !matches!(other, '\n' | '\t'));
        let (label, help) = if kind(text).is_none() {
            (
                "neither a cloud-config nor a script".to_owned(),
                "let the first line be `#cloud-config`, or `#!/bin/sh` for a script",
            )
        } else if text.contains(MIME_BOUNDARY) {
            (
                format!("`{MIME_BOUNDARY}` ends a part"),
                "write another word: it divides the parts of the user data",
            )
        } else if let Some(other) = unreadable {
            (
                format!("{other:?} is not accepted"),
                "use no other control character than line ends and tabs",
            )
        } else {
            continue;
        };
        findings.push(
            Finding::new(path, "cloud-init cannot read this part of the user data")
                .label(label)
                .help(help),
        );
    }
}

fn settings(context: &Context<'_>, findings: &mut Findings) {
    for (path, text) in parts(context) {
        if text.contains("/etc/valet") {
            findings.push(
                Finding::new(path, "a part of the user data names /etc/valet")
                    .label("the fleet's own settings are there")
                    .help("keep what is yours in another folder"),
            );
        }
    }
}

fn too_large(context: &Context<'_>, findings: &mut Findings) {
    let fleet = context.fleet;
    let bytes = largest_bytes(fleet, context.environment);
    if bytes <= MAX_BYTES {
        return;
    }
    let path = identity::path(&fleet.identity, context.environment);
    if role_policy_characters(&path, &fleet.secrets) > ROLE_POLICY_CHARACTERS {
        // Then the names of secrets do not fit into IAM's policies either, which another rule says.
        return;
    }
    let own: usize = fleet.instances.user_data.iter().map(String::len).sum();
    let (path, help) = if own > 0 {
        (
            Path::of("instances.user_data"),
            "put what is large into the image, or let a script fetch it, such as from S3",
        )
    } else {
        (
            Path::of("secrets"),
            "use fewer and shorter names, or keep several values in one secret",
        )
    };
    findings.push(
        Finding::new(
            path,
            format!("the user data has about {bytes} bytes, and EC2 takes {MAX_BYTES}"),
        )
        .on_key()
        .label(format!(
            "about {} bytes are the fleet's own settings",
            bytes - own
        ))
        .help(help),
    );
}
