//! The rule that no value of a secret stands in the file.

use std::sync::LazyLock;

use regex::Regex;

use super::finding::{Finding, Findings};
use super::image_sources::{is_certificate, is_public_key};
use super::rule::{Context, Rule};
use crate::catalog::secret_scanner::{Credential, find};
use crate::diagnostic::Severity;
use crate::load::SpannedTree;

pub const RULES: &[Rule] = &[Rule {
    code: "secrets.value-in-file",
    severity: Severity::Error,
    title: "The file contains no value of a secret, not even in a comment",
    reason: "fleet.toml is committed and reviewed, and what is rendered from it lands in Terraform's \
          state. Treat a credential that was written here as published. valet-gen never prints it.",
    run: value_in_file,
}];

fn value_in_file(context: &Context<'_>, findings: &mut Findings) {
    if context.credentials.is_empty() {
        return;
    }
    let declared = typed_spans(context.tree);
    let digests = digest_spans(context.tree);
    let public = public_spans(context.tree);
    for credential in context.credentials {
        // A comment may name the hash of a commit; only known forms are refused there.
        let in_value = declared
            .iter()
            .any(|span| span.start <= credential.span.start && credential.span.end <= span.end);
        if !credential.known && digests.contains(&credential.span) {
            continue;
        }
        let in_public = public
            .iter()
            .any(|span| span.start <= credential.span.start && credential.span.end <= span.end);
        if !credential.known && in_public {
            continue;
        }
        if credential.known || in_value {
            findings.push(finding(credential));
        }
    }
}

fn finding(credential: &Credential) -> Finding {
    Finding::in_text(
        credential.span.clone(),
        "a value in the file looks like a secret",
    )
    .label(format!("this looks like {}", credential.kind))
    .help(
        "revoke it where it was issued, because it stays in this file's history; then declare the \
         secret under `[secrets]` and store its value as docs/secrets.md shows",
    )
}

/// The places of the texts of keys named `sha256`, without their quotes: a digest looks as random as a key.
fn digest_spans(tree: &SpannedTree<'_>) -> Vec<std::ops::Range<usize>> {
    let strings = tree.strings().into_iter();
    let digests = strings.filter(|(path, _)| path.to_string().ends_with(".sha256"));
    digests
        .map(|(path, _)| tree.span(&path))
        .map(|span| span.start + 1..span.end - 1)
        .collect()
}

/// The places of texts in which nothing but what is public looks random: certificates, public keys, and scripts and files
/// whose digests stand before the names of what they are of, as sha256sum writes and reads them.
fn public_spans(tree: &SpannedTree<'_>) -> Vec<std::ops::Range<usize>> {
    let strings = tree.strings().into_iter();
    let public = strings.filter(|(path, text)| {
        let path = path.to_string();
        if path.starts_with("image.ca_certificates") && path.ends_with(".certificate") {
            return is_certificate(text);
        }
        if path.starts_with("image.apt_sources") && path.ends_with(".key") {
            return is_public_key(text);
        }
        let is_verbatim = path.ends_with(".script") || path.ends_with(".content");
        path.starts_with("image.") && is_verbatim && find(&without_digests(text)).is_empty()
    });
    public.map(|(path, _)| tree.span(&path)).collect()
}

/// A text without the digests that stand before the name of a file.
fn without_digests(text: &str) -> String {
    static DIGEST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:[0-9a-f]{64}|[0-9a-f]{128}) [ *][\w./-]").expect("a test compiles it")
    });
    DIGEST.replace_all(text, "").into_owned()
}

/// The places of every string and every key of the tree.
fn typed_spans(tree: &SpannedTree<'_>) -> Vec<std::ops::Range<usize>> {
    tree.strings()
        .into_iter()
        .flat_map(|(path, _)| [Some(tree.span(&path)), tree.key_span(&path)])
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_before_a_file_is_no_secret_and_one_that_stands_alone_may_be() {
        let digest = "3c9909afec25354d551dae21590bb26e38d53f2173b8d3dc3eee4c047e7ab1c1";
        for (text, count) in [
            (
                format!("echo '{digest}  tool.tar' | sha256sum --check\n"),
                0,
            ),
            (format!("{digest} *tool.tar\n"), 0),
            (format!("KEY={digest}\n"), 1),
            (
                format!("echo '{digest}  tool.tar'; export KEY={digest}\n"),
                1,
            ),
        ] {
            assert_eq!(find(&without_digests(&text)).len(), count, "{text}");
        }
    }
}
