//! What writing promises: only what differs is touched, and only what was written is removed.
#![cfg(unix)]

use std::fs;

use test_support::output_fixture::{
    OutputFixture, files, identities, paths, rendered_texts, rendering_of, summary, three,
};
use valet_gen::write::{MANIFEST, OwnFiles, Scope, WriteOptions, write};

#[test]
fn a_first_write_brings_every_file_and_a_manifest() {
    let absent = OutputFixture::new();
    let empty = OutputFixture::new();
    fs::create_dir(empty.out()).expect("made");
    for fixture in [absent, empty] {
        assert_eq!(
            fixture.write(&three()).expect("written"),
            summary(3, 0, 0, 0)
        );
        assert_eq!(rendered_texts(&fixture.out()), three());
        assert!(fixture.out().join(MANIFEST).is_file());
        assert_eq!(
            paths(fixture.whole.path()).len(),
            2 + 4 + 4,
            "nothing else remains"
        );
    }
}

#[test]
fn folders_above_the_output_folder_are_made() {
    let fixture = OutputFixture::new();
    let deep = fixture.whole.path().join("a/b/c");
    let (files, own) = (three(), OwnFiles::default());
    write(&deep, &rendering_of(&files, &own), WriteOptions::default()).expect("written");
    assert_eq!(rendered_texts(&deep), three());
}

#[test]
fn a_second_write_touches_nothing() {
    let fixture = OutputFixture::with(&three());
    let before = identities(fixture.whole.path());
    assert_eq!(
        fixture.write(&three()).expect("written"),
        summary(0, 0, 0, 3)
    );
    assert_eq!(identities(fixture.whole.path()), before);
}

#[test]
fn a_change_touches_its_file_and_the_manifest() {
    let fixture = OutputFixture::with(&three());
    let before = identities(&fixture.out());
    let mut changed = three();
    changed.insert("staging/RUNBOOKS.md".to_owned(), "RUNBOOKS\n".to_owned());
    assert_eq!(
        fixture.write(&changed).expect("written"),
        summary(0, 1, 0, 2)
    );
    let touched: Vec<String> = identities(&fixture.out())
        .into_iter()
        .filter(|(path, identity)| before[path] != *identity)
        .map(|(path, _)| path)
        .collect();
    // The folders change because a file in them was replaced.
    assert_eq!(
        touched,
        [".", "MANIFEST.json", "staging", "staging/RUNBOOKS.md"]
    );
    assert_eq!(rendered_texts(&fixture.out()), changed);
}

#[test]
fn what_was_edited_by_hand_is_rendered_again() {
    let fixture = OutputFixture::with(&three());
    fixture.put("account/main.tf", "edited\n");
    assert_eq!(
        fixture.write(&three()).expect("written"),
        summary(0, 1, 0, 2)
    );
    assert_eq!(rendered_texts(&fixture.out()), three());
}

#[test]
fn orphans_go_and_the_folders_that_they_leave_empty() {
    let fixture = OutputFixture::with(&three());
    let fewer = files(&[("account/main.tf", "account\n")]);
    assert_eq!(fixture.prune(&fewer).expect("written"), summary(0, 0, 2, 1));
    assert_eq!(
        paths(&fixture.out()),
        ["MANIFEST.json", "account", "account/main.tf"]
    );
    assert_eq!(fixture.write(&fewer).expect("written"), summary(0, 0, 0, 1));
}

#[test]
fn an_orphan_that_is_gone_already_still_takes_its_empty_folder_along() {
    let fixture = OutputFixture::with(&three());
    fs::remove_file(fixture.out().join("staging/RUNBOOKS.md")).expect("removed");
    fs::remove_file(fixture.out().join("staging/terraform/main.tf")).expect("removed");
    let fewer = files(&[("account/main.tf", "account\n")]);
    assert_eq!(fixture.write(&fewer).expect("written"), summary(0, 0, 0, 1));
    assert_eq!(
        paths(&fixture.out()),
        ["MANIFEST.json", "account", "account/main.tf"]
    );
}

#[test]
fn files_that_no_rendering_wrote_stay() {
    let fixture = OutputFixture::with(&three());
    fixture.put("staging/terraform/local.tf", "mine\n");
    fixture.put("notes.md", "mine too\n");
    fixture.put("staging/terraform/.terraform/lock", "terraform's\n");
    let before = identities(&fixture.out());
    fixture.write(&three()).expect("written");
    assert_eq!(identities(&fixture.out()), before);
    fixture.prune(&files(&[])).expect("written");
    let kept = rendered_texts(&fixture.out());
    assert_eq!(
        kept.into_keys().collect::<Vec<_>>(),
        [
            "notes.md",
            "staging/terraform/.terraform/lock",
            "staging/terraform/local.tf"
        ]
    );
}

#[test]
fn a_scope_leaves_everything_else_as_it_is() {
    let fixture = OutputFixture::with(&three());
    let mut changed = three();
    for text in changed.values_mut() {
        text.push_str("changed\n");
    }
    changed.remove("staging/RUNBOOKS.md");
    changed.insert("staging/new.tf".to_owned(), "new\n".to_owned());
    changed.insert("staging-2/main.tf".to_owned(), "another\n".to_owned());
    let scope = Scope::Environment("staging");
    let done = fixture.write_scope(&changed, scope).expect("written");
    assert_eq!(done, summary(1, 1, 1, 0));
    assert_eq!(
        rendered_texts(&fixture.out()),
        files(&[
            ("account/main.tf", "account\n"),
            ("staging/new.tf", "new\n"),
            ("staging/terraform/main.tf", "staging\nchanged\n"),
        ])
    );
    // The manifest still knows what the other scope wrote: it is updated and removed later.
    assert_eq!(
        fixture.write(&changed).expect("written"),
        summary(1, 1, 0, 2)
    );
    assert_eq!(rendered_texts(&fixture.out()), changed);
}

#[test]
fn a_scope_can_come_first() {
    let fixture = OutputFixture::new();
    let scope = Scope::Environment("staging");
    let done = fixture.write_scope(&three(), scope).expect("written");
    assert_eq!(done, summary(2, 0, 0, 0));
    assert!(!fixture.out().join("account").exists());
    assert_eq!(
        fixture.write(&three()).expect("written"),
        summary(1, 0, 0, 2)
    );
}
