//! What `render --check` prints for programs.

use crate::drift::{FILE, Rendered, all};
use std::fs;
use std::path::Path;

#[test]
fn the_json_of_a_check_has_every_difference() {
    let rendered = Rendered::new();
    rendered.edit(&Path::new("generated").join(FILE), "/tiny/", "/mine/");
    let run = rendered.check(&["--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(run.code, Some(10));
    assert_eq!(document[0]["result"], "compared");
    assert_eq!(document[0]["unchanged"], all() - 1);
    assert_eq!(document[0]["differing"][0]["path"], FILE);
    assert_eq!(document[0]["differing"][0]["difference"], "edited");
    let diff = document[0]["differing"][0]["diff"]
        .as_str()
        .expect("a diff");
    assert!(diff.contains("/mine/"));
}

/// The formats for other programs leave standard output to those.
#[test]
fn other_formats_tell_people_on_standard_error() {
    let rendered = Rendered::new();
    fs::remove_file(rendered.file(FILE)).expect("removed");
    for format in ["sarif", "github"] {
        let run = rendered.check(&["--format", format]);
        assert_eq!(run.code, Some(13));
        assert!(
            run.stderr
                .contains("missing: generated/production/terraform/logs.tf"),
            "{}",
            run.stderr
        );
        assert!(run.stdout.contains("rendered.missing"), "{}", run.stdout);
    }
}
