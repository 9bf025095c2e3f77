//! The sections of the CIS benchmark that controls name, held against the SCAP Security Guide's own
//! references to the same benchmark.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use roxmltree::Document;
use test_support::pipeline::repository;
use test_support::skip;
use valet_gen::catalog::controls::{self, CisSection};

/// Where `.ci/scap` puts the guide for the benchmark that controls name.
const GUIDE: &str = "target/scap/ssg-ubuntu2404-ds.xml";

/// What the guide calls the benchmark.
const BENCHMARK: &str = "https://www.cisecurity.org/benchmark/ubuntu_linux/";

const RULE: &str = "xccdf_org.ssgproject.content_rule_";

/// The sections of the benchmark that each rule of the guide refers to.
fn references(guide: &str) -> BTreeMap<String, BTreeSet<String>> {
    let document = Document::parse(guide).expect("XML");
    let rules = document.descendants().filter(|it| it.has_tag_name("Rule"));
    let references = rules.map(|rule| {
        let id = rule.attribute("id").expect("every rule has one");
        let of_benchmark = rule
            .children()
            .filter(|it| it.has_tag_name("reference") && it.attribute("href") == Some(BENCHMARK));
        let sections = of_benchmark
            .filter_map(|it| it.text())
            .map(ToOwned::to_owned);
        (id.trim_start_matches(RULE).to_owned(), sections.collect())
    });
    references.collect()
}

#[test]
fn the_sections_of_controls_are_those_of_the_rules_that_ask_for_the_same() {
    let Ok(guide) = fs::read_to_string(repository().join(GUIDE)) else {
        skip(&format!(
            "CIS sections: there is no {GUIDE}, which .ci/scap fetches"
        ));
        return;
    };
    let references = references(&guide);
    assert!(references.len() > 400, "{}", references.len());
    let mut wrong = Vec::new();
    for control in controls::all() {
        let Some(CisSection {
            section,
            scap_rule: Some(rule),
        }) = control.cis
        else {
            continue;
        };
        let sections = references.get(rule);
        let sections = sections.unwrap_or_else(|| panic!("the guide has no rule {rule}"));
        let within = format!("{section}.");
        let fits = |it: &String| it == section || it.starts_with(&within);
        if !sections.iter().any(fits) {
            wrong.push(format!(
                "{}: {section}, and {rule} is {sections:?}",
                control.id
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
