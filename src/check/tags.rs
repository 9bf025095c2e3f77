//! Rules about the tags of `[fleet]`.

use super::finding::{Finding, Findings};
use super::identifiers::duplicates;
use super::rule::{Context, Rule};
use crate::catalog::resource_names::{MAX_OWN_TAGS, RESERVED_TAG_KEYS};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "fleet.tags-too-many",
        severity: Severity::Error,
        title: "The tags that valet-gen sets fit beside the declared ones",
        reason: "AWS allows 50 tags on a resource (AWS General Reference, tag naming limits), and \
              `Name`, `Fleet`, `Environment` and `ManagedBy` are four of them.",
        run: too_many,
    },
    Rule {
        code: "fleet.tag-key-length",
        severity: Severity::Error,
        title: "A tag's key has 1 to 128 characters",
        reason: "AWS General Reference, tag naming limits: 1 to 128 Unicode characters.",
        run: key_length,
    },
    Rule {
        code: "fleet.tag-value-length",
        severity: Severity::Error,
        title: "A tag's value has at most 256 characters",
        reason: "AWS General Reference, tag naming limits: 0 to 256 Unicode characters.",
        run: value_length,
    },
    Rule {
        code: "fleet.tag-characters",
        severity: Severity::Error,
        title: "Tags are made of characters that every AWS service accepts",
        reason: "AWS General Reference, tag naming limits: letters, numbers, spaces and + - = . _ : \
              / @. Some services accept more, and the fleet's tags go to all of them.",
        run: characters,
    },
    Rule {
        code: "fleet.tag-aws-prefix",
        severity: Severity::Error,
        title: "No tag's key begins with `aws:`",
        reason: "AWS keeps that prefix, in any case of letters, for tags that it sets itself.",
        run: aws_prefix,
    },
    Rule {
        code: "fleet.tag-reserved",
        severity: Severity::Error,
        title: "The tags that valet-gen sets are not declared",
        reason: "Policies, Run Command and the cost report select the fleet by `Fleet` and \
              `Environment`; another value there would take instances out of it. IAM refuses a \
              role with two tags whose keys differ in case only (IAM user guide, tagging).",
        run: reserved,
    },
    Rule {
        code: "fleet.tag-case",
        severity: Severity::Error,
        title: "No two tags have keys that differ only in case",
        reason: "IAM treats them as one key and refuses the role during the apply (IAM user guide, \
              tagging).",
        run: case,
    },
];

/// The most tags that AWS allows on a resource.
const MAX_TAGS: usize = 50;

fn path(key: &str) -> Path {
    Path::of("fleet.tags").key(key)
}

/// A key as it can be shown in a sentence.
fn shown(key: &str) -> String {
    const MAX_KEY_CHARS: usize = 40;
    if key.chars().count() <= MAX_KEY_CHARS {
        return key.to_owned();
    }
    let beginning: String = key.chars().take(MAX_KEY_CHARS).collect();
    format!("{beginning}...")
}

fn too_many(context: &Context<'_>, findings: &mut Findings) {
    let count = context.fleet.identity.tags.len();
    let room = MAX_TAGS - MAX_OWN_TAGS;
    if count > room {
        findings.push(
            Finding::new(
                Path::of("fleet.tags"),
                format!("{count} tags are more than a resource can have"),
            )
            .on_key()
            .label(format!("at most {room} besides those that valet-gen sets"))
            .help(format!("remove {} of them", count - room)),
        );
    }
}

fn key_length(context: &Context<'_>, findings: &mut Findings) {
    for key in context.fleet.identity.tags.keys() {
        let length = key.chars().count();
        if !(1..=128).contains(&length) {
            findings.push(
                Finding::new(
                    path(key),
                    format!("the key of tag `{}` has {length} characters", shown(key)),
                )
                .on_key()
                .label("AWS accepts 1 to 128")
                .help("shorten the key, or write one if it is empty"),
            );
        }
    }
}

fn value_length(context: &Context<'_>, findings: &mut Findings) {
    for (key, value) in &context.fleet.identity.tags {
        let length = value.chars().count();
        if length > 256 {
            findings.push(
                Finding::new(
                    path(key),
                    format!("the value of tag `{}` has {length} characters", shown(key)),
                )
                .label("AWS accepts 256")
                .help("shorten the value"),
            );
        }
    }
}

fn is_tag_character(character: char) -> bool {
    character.is_alphanumeric()
        || matches!(
            character,
            ' ' | '+' | '-' | '=' | '.' | '_' | ':' | '/' | '@'
        )
}

fn characters(context: &Context<'_>, findings: &mut Findings) {
    const HELP: &str = "use letters, digits, spaces and + - = . _ : / @";
    for (key, value) in &context.fleet.identity.tags {
        if let Some(other) = key.chars().find(|character| !is_tag_character(*character)) {
            findings.push(
                Finding::new(
                    path(key),
                    format!("the key of tag `{}` contains {other:?}", shown(key)),
                )
                .on_key()
                .label("not allowed in an AWS tag")
                .help(HELP),
            );
        }
        if let Some(other) = value
            .chars()
            .find(|character| !is_tag_character(*character))
        {
            findings.push(
                Finding::new(
                    path(key),
                    format!("the value of tag `{}` contains {other:?}", shown(key)),
                )
                .label("contains characters that AWS tags do not allow")
                .help(HELP),
            );
        }
    }
}

fn case(context: &Context<'_>, findings: &mut Findings) {
    let keys: Vec<&String> = context.fleet.identity.tags.keys().collect();
    for (index, first) in duplicates(keys.iter().map(|key| key.to_lowercase())) {
        let (key, first) = (keys[index], keys[first]);
        findings.push(
            Finding::new(
                path(key),
                format!(
                    "the tag keys `{}` and `{}` differ in case only, which IAM does not tell apart",
                    shown(first),
                    shown(key)
                ),
            )
            .on_key()
            .label("the same key in other letters")
            .related(path(first), "the other one")
            .help("remove one of them"),
        );
    }
}

fn aws_prefix(context: &Context<'_>, findings: &mut Findings) {
    for key in context.fleet.identity.tags.keys() {
        if key.to_ascii_lowercase().starts_with("aws:") {
            findings.push(
                Finding::new(
                    path(key),
                    format!("`{}` uses a tag prefix that AWS reserves", shown(key)),
                )
                .on_key()
                .label("AWS reserves the prefix `aws:`")
                .help("choose another prefix, such as your company's name"),
            );
        }
    }
}

fn reserved(context: &Context<'_>, findings: &mut Findings) {
    for key in context.fleet.identity.tags.keys() {
        let mut own = RESERVED_TAG_KEYS.into_iter();
        if let Some(own) = own.find(|own| own.eq_ignore_ascii_case(key)) {
            findings.push(
                Finding::new(path(key), format!("valet-gen sets the tag `{own}` itself"))
                    .on_key()
                    .label("set by valet-gen")
                    .help("remove it, or choose another key"),
            );
        }
    }
}
