//! The rule that no value of a secret stands in the file.

use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use crate::catalog::secret_scanner::Credential;
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
    for credential in context.credentials {
        // A comment may name the hash of a commit; only known forms are refused there.
        let in_value = declared
            .iter()
            .any(|span| span.start <= credential.span.start && credential.span.end <= span.end);
        if !credential.known && digests.contains(&credential.span) {
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

/// The places of every string and every key of the tree.
fn typed_spans(tree: &SpannedTree<'_>) -> Vec<std::ops::Range<usize>> {
    tree.strings()
        .into_iter()
        .flat_map(|(path, _)| [Some(tree.span(&path)), tree.key_span(&path)])
        .flatten()
        .collect()
}
