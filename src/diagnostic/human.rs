//! Findings as excerpts of the file with carets.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::finding::{Diagnostic, Severity, Subject};
use super::redact;
use super::report::DiagnosticReport;

pub fn print(reports: &[DiagnosticReport], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    for report in reports.iter().filter(|report| !report.is_empty()) {
        let text = harmless_source(&redact::redact_source(&report.source.text));
        for diagnostic in &report.diagnostics {
            let groups = groups(&report.source.path, &text, diagnostic);
            let _ = writeln!(out, "{}\n", renderer.render(&groups));
        }
        for omitted in &report.omitted {
            let _ = writeln!(out, "... {}\n", omitted.text());
        }
    }
    let errors = total(reports, Severity::Error);
    let warnings = total(reports, Severity::Warning);
    if errors + warnings > 0 {
        let _ = writeln!(out, "{}", summary(errors, warnings));
    }
    out
}

fn groups<'a>(path: &'a str, text: &'a str, diagnostic: &'a Diagnostic) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .clone()
        .primary_title(harmless(&diagnostic.message))
        .id(diagnostic.code);
    let mut group = match &diagnostic.subject {
        Subject::Source => title.element(snippet(path, text, diagnostic)),
        Subject::File(name) | Subject::TerraformAddress(name) => title
            .element(Origin::path(harmless(name)))
            .element(Level::NOTE.message(harmless(&diagnostic.label))),
    };
    if !diagnostic.environments.is_empty() {
        group = group.element(Level::NOTE.message(format!(
            "only in environment {}",
            diagnostic.environments.join(", ")
        )));
    }
    vec![group.element(Level::HELP.message(harmless(&diagnostic.help)))]
}

/// A text without what moves a terminal's cursor, colours it or turns the direction of writing: names in a plan and
/// in a file are anybody's.
fn harmless(text: &str) -> Cow<'_, str> {
    let is_harmful = |letter: char| {
        letter.is_control() && letter != '\n'
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(is_harmful) {
        Cow::Owned(text.replace(is_harmful, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The same of a source, in which every letter stays in its place: what takes its own is as long in UTF-8.
fn harmless_source(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            // The others are shown as their pictures.
            '\u{80}'..='\u{9f}' => '\u{b7}',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// The lines of the source that a diagnostic points at.
fn snippet<'a>(
    path: &'a str,
    text: &'a str,
    diagnostic: &'a Diagnostic,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    Snippet::source(text)
        .path(harmless(path))
        .annotation(
            AnnotationKind::Primary
                .span(visible(text, &diagnostic.span))
                .label(harmless(&diagnostic.label)),
        )
        .annotations(diagnostic.related.iter().map(|related| {
            AnnotationKind::Context
                .span(visible(text, &related.span))
                .label(harmless(&related.label))
        }))
}

/// A whole table as a span would print every line of it: its first line says enough.
fn visible(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end).max(start);
    let first_line = text[start..end]
        .find(['\r', '\n'])
        .map_or(end, |line_end| start + line_end);
    start..first_line
}

fn total(reports: &[DiagnosticReport], severity: Severity) -> usize {
    reports.iter().map(|report| report.count(severity)).sum()
}

fn summary(errors: usize, warnings: usize) -> String {
    let count = |number: usize, noun: &str| match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    };
    match (errors, warnings) {
        (0, _) => count(warnings, "warning"),
        (_, 0) => count(errors, "error"),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}
