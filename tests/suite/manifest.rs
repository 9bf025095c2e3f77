//! The manifest: what a rendering wrote, so that the next one knows its own and nobody else's.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;
use test_support::output_fixture::{
    OutputFixture, WriteCounts, files, paths, rendered_texts, rendering_of, summary, three,
};
use valet_gen::render::FileSet;
use valet_gen::write::{MANIFEST, Manifest, OwnFiles, Scope, WriteError};

fn problem(outcome: Result<WriteCounts, WriteError>) -> String {
    match outcome {
        Err(WriteError::BrokenManifest { path, problem }) => {
            assert!(path.ends_with(MANIFEST));
            problem
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_names_every_file_with_its_sum_and_the_version() {
    let fixture = OutputFixture::with(&files(&[("a/b.tf", "hello\n"), ("c \"d\"/é\n.md", "")]));
    assert_eq!(
        fixture.manifest(),
        json!({
            "valet_gen": env!("CARGO_PKG_VERSION"),
            "fleet": "fleet",
            "files": {
                // printf 'hello\n' | sha256sum, and that of nothing
                "a/b.tf": "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
                "c \"d\"/é\n.md": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            },
        })
    );
}

/// A run that fails halfway has not told of what it did not do. It fails at a name for which
/// there is room in a folder, and none for that of its temporary file.
#[test]
fn it_is_written_last() {
    let long = "m".repeat(250);
    let before = files(&[("a.tf", "a\n"), (&long, "short\n"), ("z.tf", "z\n")]);
    let after = files(&[("a.tf", "A\n"), (&long, "long\n"), ("z.tf", "Z\n")]);
    let fixture = OutputFixture::new();
    for (path, text) in &before {
        fixture.put(path, text);
    }
    let own = OwnFiles::default();
    let manifest = Manifest::of(&rendering_of(&before, &own), None);
    fixture.put(MANIFEST, &manifest.to_json());
    let sums = fixture.manifest()["files"].clone();
    assert!(matches!(fixture.write(&after), Err(WriteError::Io { .. })));
    let halfway = files(&[("a.tf", "A\n"), (&long, "short\n"), ("z.tf", "z\n")]);
    assert_eq!(rendered_texts(&fixture.out()), halfway);
    assert_eq!(
        fixture.manifest()["files"],
        sums,
        "nothing is reported before it came"
    );
}

/// A run that ends halfway has announced its new files, so that the next one, of another
/// fleet.toml even, does not take them for somebody else's.
#[test]
fn new_files_are_announced_before_they_come() {
    let fixture = OutputFixture::with(&files(&[("a.tf", "a\n")]));
    // As a run leaves it that ends after its second file.
    let old = Manifest::read(&fixture.out())
        .expect("readable")
        .expect("there")
        .manifest;
    let halfway = Manifest::before("fleet", Some(&old), &[("a.tf", "A\n"), ("b.tf", "b\n")])
        .expect("a file is new");
    let sum = |path: &str| halfway.files[path].clone();
    assert_eq!(
        sum("a.tf"),
        old.files["a.tf"],
        "what is there is still the old one"
    );
    fs::write(fixture.out().join(MANIFEST), halfway.to_json()).expect("written");
    fs::write(fixture.out().join("b.tf"), "b\n").expect("written");
    let other = files(&[("a.tf", "a\n"), ("b.tf", "another\n")]);
    fixture.write(&other).expect("the file is known to be ours");
    assert_eq!(rendered_texts(&fixture.out()), other);
    assert_eq!(
        Manifest::before("fleet", Some(&old), &[("a.tf", "A\n")]),
        None,
        "nothing to announce"
    );
}

#[test]
fn what_is_no_manifest_is_refused_with_what_is_wrong() {
    let sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let cases = [
        ("", "EOF while parsing a value at line 1 column 0"),
        (
            "[]",
            "invalid length 0, expected struct Manifest with 3 elements at line 1 column 2",
        ),
        (
            "{\"valet_gen\": \"0.1.0\"}",
            "missing field `files` at line 1 column 22",
        ),
        (
            "{\"valet_gen\": \"0.1.0\", \"files\": {}, \"more\": 1}",
            "unknown field `more`, expected one of `valet_gen`, `fleet`, `files` at line 1 column \
             42",
        ),
    ];
    for (text, expected) in cases {
        let fixture = OutputFixture::new();
        fixture.put(MANIFEST, text);
        fixture.put("account/main.tf", "mine\n");
        assert_eq!(problem(fixture.write(&three())), expected);
        assert_eq!(
            paths(&fixture.out()),
            ["MANIFEST.json", "account", "account/main.tf"]
        );
        fixture.force(&three()).expect("force writes it again");
        assert_eq!(rendered_texts(&fixture.out()), three());
        assert_eq!(fixture.write(&three()).expect("whole"), summary(0, 0, 0, 3));
    }
    for path in [
        "../outside/precious.tf",
        "/etc/passwd",
        "a/../../x",
        "a//b",
        "a/./b",
        "",
        "a\\..\\b",
    ] {
        let fixture = OutputFixture::new();
        let text = json!({ "valet_gen": "0.1.0", "files": { path: sum } }).to_string();
        fixture.put(MANIFEST, &text);
        let expected = format!("it names {path:?}, outside the folder");
        assert_eq!(problem(fixture.write(&FileSet::new())), expected);
        fixture.force(&FileSet::new()).expect("written again");
        fixture.assert_outside_is_untouched();
    }
}

#[test]
fn a_manifest_that_is_no_file_is_refused() {
    let fixture = OutputFixture::new();
    fixture.put("MANIFEST.json/x", "x\n");
    for outcome in [fixture.write(&three()), fixture.force(&three())] {
        assert!(
            matches!(&outcome, Err(WriteError::UnreadableManifest { source, .. })
                if source.to_string() == "Is a directory (os error 21)"),
            "{outcome:?}"
        );
    }

    let fixture = OutputFixture::new();
    fs::create_dir(fixture.out()).expect("made");
    symlink(
        fixture.outside().join("precious.tf"),
        fixture.out().join(MANIFEST),
    )
    .expect("linked");
    assert_eq!(problem(fixture.force(&three())), "it is a symbolic link");
    fixture.assert_outside_is_untouched();
}

/// Without it nothing is known to be ours: what would be the same is taken over, anything else
/// is in the way.
#[test]
fn a_lost_manifest_is_made_again() {
    let fixture = OutputFixture::with(&three());
    let before = fixture.manifest();
    fs::remove_file(fixture.out().join(MANIFEST)).expect("removed");
    fixture.write(&three()).expect("written");
    assert_eq!(fixture.manifest(), before);

    fs::remove_file(fixture.out().join(MANIFEST)).expect("removed");
    fixture.put("account/main.tf", "edited\n");
    assert!(matches!(
        fixture.write(&three()),
        Err(WriteError::Foreign(_))
    ));
}

#[test]
fn a_scope_changes_its_own_entries_only() {
    let fixture = OutputFixture::with(&three());
    let before = fixture.manifest();
    let mut changed = three();
    changed
        .values_mut()
        .for_each(|text| text.push_str("changed\n"));
    changed.remove("staging/RUNBOOKS.md");
    let scope = Scope::Environment("staging");
    fixture.write_scope(&changed, scope).expect("written");
    let after = fixture.manifest();
    assert_eq!(
        after["files"]["account/main.tf"],
        before["files"]["account/main.tf"]
    );
    assert_ne!(
        after["files"]["staging/terraform/main.tf"],
        before["files"]["staging/terraform/main.tf"]
    );
    assert_eq!(
        after["files"].as_object().map(serde_json::Map::len),
        Some(2)
    );
}
