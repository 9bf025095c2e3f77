//! Whatever stands in fleet.toml, it is refused with a place and a remedy, or it renders to files that a parser reads.
//! Never an internal error, never a panic.

use proptest::prelude::*;
use test_support::mutated::{Mutation, mutated};
use test_support::pipeline::{fixture_text, today, try_files_of};
use test_support::{hcl, is_deep};
use valet_gen::check::check;
use valet_gen::diagnostic::{DiagnosticReport, Severity, SourceText};
use valet_gen::load::load;
use valet_gen::resolve::resolve;

/// Fleets of which together every key is typed.
const BASES: [&str; 4] = [
    "golden-full",
    "kinds/existing-vpc",
    "kinds/scale-to-zero",
    "kinds/custom-alarms",
];

/// Cases in every run, and in the deep one.
fn cases() -> u32 {
    if is_deep() { 20_000 } else { 192 }
}

/// What became of a text.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Refused,
    Rendered,
}

/// Every finding has a place in the text, a message and a remedy.
fn findings_help(text: &str, report: &DiagnosticReport) -> Result<(), String> {
    for diagnostic in &report.diagnostics {
        let code = diagnostic.code;
        if text.get(diagnostic.span.clone()).is_none() {
            return Err(format!("{code} is nowhere in the text: {diagnostic:?}"));
        }
        if diagnostic.message.trim().is_empty() || diagnostic.help.trim().is_empty() {
            return Err(format!("{code} does not say what to do: {diagnostic:?}"));
        }
    }
    Ok(())
}

/// Loads, checks, resolves and renders, and reads what was rendered.
fn outcome(text: &str) -> Result<Outcome, String> {
    let source = SourceText {
        path: "fleet.toml".to_owned(),
        text: text.to_owned(),
    };
    let loaded = match load(&source) {
        Ok(loaded) => loaded,
        Err(report) => {
            findings_help(text, &report)?;
            return if report.diagnostics.is_empty() {
                Err("refused without a word".to_owned())
            } else {
                Ok(Outcome::Refused)
            };
        }
    };
    let outcome = check(&source, loaded, today());
    findings_help(text, &outcome.report)?;
    let Some(checked) = outcome.checked else {
        let mut found = outcome.report.diagnostics.iter();
        return if found.any(|found| found.severity == Severity::Error) {
            Ok(Outcome::Refused)
        } else {
            Err("refused without an error".to_owned())
        };
    };
    let files = try_files_of(&resolve(&checked))
        .map_err(|error| format!("a mistake of the user is an internal error: {error}"))?;
    for (path, text) in &files {
        if path.ends_with(".tf") || path.ends_with(".hcl") {
            hcl::tree(text).map_err(|error| format!("{path}: {error}"))?;
        } else if path.ends_with(".json") {
            serde_json::from_str::<serde_json::Value>(text)
                .map_err(|error| format!("{path}: {error}"))?;
        }
    }
    Ok(Outcome::Rendered)
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    prop::collection::vec((any::<usize>(), any::<usize>()), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_spoilt_fleet_is_refused_or_renders(base in prop::sample::select(BASES.to_vec()), mutations in mutations()) {
        let Some(text) = mutated(&fixture_text(base), &mutations) else {
            return Ok(());
        };
        if let Err(problem) = outcome(&text) {
            let start: String = text.chars().take(20_000).collect();
            return Err(TestCaseError::fail(format!("{problem}\n{mutations:?} of {base}:\n{start}")));
        }
    }

    /// The text itself is spoilt: something typed in the middle of it, and some of it gone.
    #[test]
    fn a_torn_fleet_is_refused_or_renders(
        base in prop::sample::select(BASES.to_vec()),
        place in any::<prop::sample::Index>(),
        gone in 0_usize..40,
        typed in prop::sample::select(test_support::hostile::strings()),
    ) {
        let text = fixture_text(base);
        let letters: Vec<char> = text.chars().collect();
        let place = place.index(letters.len());
        let before: String = letters[..place].iter().collect();
        let after: String = letters[(place + gone).min(letters.len())..].iter().collect();
        let text = format!("{before}{typed}{after}");
        if let Err(problem) = outcome(&text) {
            return Err(TestCaseError::fail(format!("{problem}\n{typed:?} at {place} of {base}")));
        }
    }
}

/// One change at a time in every place: a text with the syntax of Terraform, of templates, of shells, and each other type.
#[test]
fn each_value_is_refused_or_renders_with_each_kind_of_text() {
    let text = fixture_text("kinds/scale-to-zero");
    let mut rendered = 0;
    // Few that are far apart; the deep run of the properties has the rest.
    for place in (0..60).step_by(3) {
        for what in 0..18 {
            let mutations = [(place, what * 17 + place)];
            let Some(text) = mutated(&text, &mutations) else {
                continue;
            };
            match outcome(&text) {
                Ok(Outcome::Rendered) => rendered += 1,
                Ok(Outcome::Refused) => {}
                Err(problem) => panic!("{problem}\n{mutations:?}:\n{text:.20000}"),
            }
        }
    }
    assert!(rendered > 0, "{rendered} were accepted");
}
