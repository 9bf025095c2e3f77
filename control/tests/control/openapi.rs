//! The OpenAPI document, and the registry of problems.

use std::collections::BTreeSet;
use std::path::Path;

use valet_control::http::document;
use valet_control::problem::ProblemKind;

#[test]
fn the_committed_document_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let text = format!("{:#}\n", document());
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&path, &text).expect("written");
    }
    let committed = std::fs::read_to_string(&path).expect("committed");
    assert_eq!(committed, text, "write it again with `just bless`");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name: String = part
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        assert!(
            document["components"]["schemas"].get(&name).is_some(),
            "{name}"
        );
    }
}

#[test]
fn every_problem_has_a_code_of_its_own_and_a_status() {
    let codes: BTreeSet<&str> = ProblemKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), ProblemKind::ALL.len());
    for kind in ProblemKind::ALL {
        assert!((400..600).contains(&kind.status()), "{kind:?}");
        assert!(
            !kind.help().is_empty() && !kind.title().is_empty(),
            "{kind:?}"
        );
    }
}
