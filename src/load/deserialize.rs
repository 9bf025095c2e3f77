//! The text to typed tables, every environment on its own.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, Deserializer};

use super::loaded::{DEFAULT_ENVIRONMENT, Environment, Loaded};
use super::tree::SpannedTree;
use super::{schema_codes, schema_errors, schema_messages, syntax};
use crate::diagnostic::{Diagnostic, DiagnosticReport, Omitted, SourceText};
use crate::fleet::Fleet;
use crate::fleet::path::Path;

/// Types a file's text, every environment on its own.
///
/// # Errors
/// A report when the text is not TOML, or lacks what nothing can be typed without.
pub fn load(source: &SourceText) -> Result<Loaded<'_>, DiagnosticReport> {
    let (root, syntax_errors) = DeTable::parse_recoverable(&source.text);
    if !syntax_errors.is_empty() {
        return Err(syntax::report(source, syntax_errors));
    }
    let mut base = SpannedTree::new(root);
    let overlays = take_overlays(source, &mut base)?;

    let mut violations = Violations::default();
    let base_environment =
        deserialize_environment(DEFAULT_ENVIRONMENT, None, base.clone(), &mut violations);
    let mut environments = Vec::new();
    for (name, overlay) in &overlays {
        let mut tree = base.clone();
        tree.merge(overlay);
        let span = Some(name.span());
        environments.push(deserialize_environment(
            name.get_ref(),
            span,
            tree,
            &mut violations,
        ));
    }
    if overlays.is_empty() {
        environments.push(base_environment.clone());
    }
    let deserialized: Option<Vec<_>> = environments.into_iter().collect();
    let (Some(base), Some(environments)) = (base_environment, deserialized) else {
        return Err(violations_report(source, violations));
    };
    Ok(Loaded {
        base,
        environments,
        violations: violations.found,
        omitted: violations.omitted,
    })
}

/// The violations of every environment.
#[derive(Default)]
struct Violations {
    found: Vec<(String, Diagnostic)>,
    /// Those of the environment that has most of them.
    omitted: Vec<Omitted>,
}

impl Violations {
    fn omit(&mut self, omitted: Vec<Omitted>) {
        let total = |omitted: &[Omitted]| omitted.iter().map(|more| more.count).sum::<usize>();
        if total(&omitted) > total(&self.omitted) {
            self.omitted = omitted;
        }
    }
}

/// A report of violations alone, for a file that cannot be typed.
fn violations_report(source: &SourceText, violations: Violations) -> DiagnosticReport {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for (_, diagnostic) in violations.found {
        if !diagnostics.contains(&diagnostic) {
            diagnostics.push(diagnostic);
        }
    }
    DiagnosticReport::new(source.clone(), diagnostics).with_omitted(violations.omitted)
}

type Overlays<'s> = Vec<(Spanned<DeString<'s>>, DeTable<'s>)>;

fn take_overlays<'s>(
    source: &SourceText,
    base: &mut SpannedTree<'s>,
) -> Result<Overlays<'s>, DiagnosticReport> {
    let Some(environments) = base.remove("environments") else {
        return Ok(Vec::new());
    };
    let refuse = |span: Range<usize>, found: &str| {
        let diagnostic = schema_messages::diagnostic(
            schema_codes::TYPE,
            format!("`environments` holds one table per environment, not {found}"),
            span,
            format!("this is {found}"),
            "write `[environments.staging]`, and below it the tables to override".to_owned(),
        );
        DiagnosticReport::new(source.clone(), vec![diagnostic])
    };
    let span = environments.span();
    let DeValue::Table(environments) = environments.into_inner() else {
        return Err(refuse(span, "another type"));
    };
    environments
        .into_iter()
        .map(|(name, overlay)| {
            let span = overlay.span();
            match overlay.into_inner() {
                DeValue::Table(table) => Ok((name, table)),
                other => Err(refuse(span, schema_messages::article(other.type_str()))),
            }
        })
        .collect()
}

/// How often what is left of an environment is typed again.
const MAX_ROUNDS: usize = 6;

/// What stands in for a value that nothing can be typed without, where the declared one does not fit its key. The rules
/// say nothing about it, because it counts as discarded.
const PLACEHOLDERS: [(&str, &str, &str); 2] =
    [("fleet", "name", "valet"), ("fleet", "region", "us-east-1")];

/// Types one environment. A value that does not fit is reported and taken out, so that the rest
/// is still typed and checked; `None` when what is left cannot be typed either.
fn deserialize_environment<'s>(
    name: &str,
    span: Option<Range<usize>>,
    mut tree: SpannedTree<'s>,
    violations: &mut Violations,
) -> Option<Environment<'s>> {
    let mut discarded = Vec::new();
    let mut fleet = deserialize(&tree);
    for round in 0..MAX_ROUNDS {
        let Err(error) = &fleet else { break };
        let schema_errors::SchemaViolations {
            violations: found,
            omitted,
        } = schema_errors::violations(&tree, error);
        let is_too_many = !omitted.is_empty();
        violations.omit(omitted);
        for violation in found.iter().rev() {
            discarded.extend(violation.discarded.clone());
            if !is_too_many {
                take_out(&mut tree, violation, round > 0);
            }
        }
        // What is missing in a later round was taken out in an earlier one.
        if round == 0 {
            let found = found.into_iter();
            let found = found.map(|violation| (name.to_owned(), violation.diagnostic));
            violations.found.extend(found);
        }
        if is_too_many {
            return None;
        }
        fleet = deserialize(&tree);
    }
    Some(Environment {
        name: name.to_owned(),
        declared: span.is_some(),
        span,
        fleet: fleet.ok()?,
        tree,
        discarded,
    })
}

/// Takes what a violation is about out of the tree, or puts a placeholder where that would leave nothing to type.
fn take_out(
    tree: &mut SpannedTree<'_>,
    violation: &schema_errors::SchemaViolation,
    is_later: bool,
) {
    let placeholder = PLACEHOLDERS.iter().find(|(table, key, _)| {
        let value = Path::of(table).key(key);
        violation.path == value
            || is_later
                && violation.path == Path::of(table)
                && violation.missing.as_deref() == Some(key)
    });
    match placeholder {
        Some((table, key, value)) => tree.set_string(table, key, value),
        None => tree.remove_at(&violation.path),
    }
}

fn deserialize(tree: &SpannedTree<'_>) -> Result<Fleet, toml::de::Error> {
    Fleet::deserialize(Deserializer::from(tree.root().clone()))
}
