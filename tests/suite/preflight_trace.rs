//! A trace that was recorded of an account is answered from in every build, with or without the AWS SDK.

use std::fs;

use tempfile::tempdir;
use test_support::cli::valet_gen;
use test_support::folders::{read, repository};

/// `tests/data/preflight/trace.json` is of the fake of AWS, in which an account is not ready for the starter's fleet; how to
/// record it again says `bake_aws::preflight::a_trace_answers_for_the_account_without_telling_whose_it_is`.
#[test]
fn the_committed_trace_is_answered_from_in_these_words() {
    let data = repository().join("tests/data/preflight");
    let folder = tempdir().expect("a folder");
    let starter = read(&repository().join("templates/init/fleet.toml")).expect("readable");
    // The account of the trace is none that Terraform may change.
    let fleet = starter.replacen(
        "[terraform]",
        "[terraform]\nallowed_account_ids = [\"222222222222\"]",
        1,
    );
    fs::write(folder.path().join("fleet.toml"), fleet).expect("written");
    let trace = read(&data.join("trace.json")).expect("readable");
    fs::write(folder.path().join("trace.json"), &trace).expect("written");
    let run = valet_gen(folder.path(), ["preflight", "--replay", "trace.json"]);
    let expected = read(&data.join("findings.txt")).expect("readable");
    assert_eq!(run.parts(), (Some(1), "", expected.as_str()));

    let findings = expected.matches("[preflight.").count();
    assert!(findings >= 5, "{expected}");
    assert_eq!(expected.matches("--> fleet.toml:").count(), findings);
    assert_eq!(expected.matches("= help: ").count(), findings);
    for private in ["123456789012", "222222222222", "anna", "testing", "AKIA"] {
        assert!(!trace.contains(private), "{private}");
    }
}

#[test]
fn a_trace_that_is_none_is_refused_in_these_words() {
    let folder = tempdir().expect("a folder");
    let starter = read(&repository().join("templates/init/fleet.toml")).expect("readable");
    fs::write(folder.path().join("fleet.toml"), starter).expect("written");
    fs::write(folder.path().join("trace.json"), "{}").expect("written");
    let run = valet_gen(folder.path(), ["preflight", "--replay", "trace.json"]);
    assert_eq!(
        run.parts(),
        (
            Some(3),
            "",
            "error: trace.json: it is a trace of version 0, and this valet-gen reads version 1\n  help: name a file that `valet-gen preflight --record` wrote\n"
        )
    );
}
