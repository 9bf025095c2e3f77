//! What writing promises: only what differs is touched, and only what was written is removed.
#![cfg(unix)]

use std::fs;

use test_support::folder::{
    Setting, files, identities, paths, rendered_texts, rendering_of, summary, three,
};
use valet_gen::write::{MANIFEST, Options, OwnFiles, Scope, write};

#[test]
fn a_first_write_brings_every_file_and_a_manifest() {
    let absent = Setting::new();
    let empty = Setting::new();
    fs::create_dir(empty.out()).expect("made");
    for setting in [absent, empty] {
        assert_eq!(
            setting.write(&three()).expect("written"),
            summary(3, 0, 0, 0)
        );
        assert_eq!(rendered_texts(&setting.out()), three());
        assert!(setting.out().join(MANIFEST).is_file());
        assert_eq!(
            paths(setting.whole.path()).len(),
            2 + 4 + 4,
            "nothing else remains"
        );
    }
}

#[test]
fn folders_above_the_output_folder_are_made() {
    let setting = Setting::new();
    let deep = setting.whole.path().join("a/b/c");
    let (files, own) = (three(), OwnFiles::default());
    write(&deep, &rendering_of(&files, &own), Options::default()).expect("written");
    assert_eq!(rendered_texts(&deep), three());
}

#[test]
fn a_second_write_touches_nothing() {
    let setting = Setting::with(&three());
    let before = identities(setting.whole.path());
    assert_eq!(
        setting.write(&three()).expect("written"),
        summary(0, 0, 0, 3)
    );
    assert_eq!(identities(setting.whole.path()), before);
}

#[test]
fn a_change_touches_its_file_and_the_manifest() {
    let setting = Setting::with(&three());
    let before = identities(&setting.out());
    let mut changed = three();
    changed.insert("staging/RUNBOOKS.md".to_owned(), "RUNBOOKS\n".to_owned());
    assert_eq!(
        setting.write(&changed).expect("written"),
        summary(0, 1, 0, 2)
    );
    let touched: Vec<String> = identities(&setting.out())
        .into_iter()
        .filter(|(path, identity)| before[path] != *identity)
        .map(|(path, _)| path)
        .collect();
    // The folders change because a file in them was replaced.
    assert_eq!(
        touched,
        [".", "MANIFEST.json", "staging", "staging/RUNBOOKS.md"]
    );
    assert_eq!(rendered_texts(&setting.out()), changed);
}

#[test]
fn what_was_edited_by_hand_is_rendered_again() {
    let setting = Setting::with(&three());
    setting.put("account/main.tf", "edited\n");
    assert_eq!(
        setting.write(&three()).expect("written"),
        summary(0, 1, 0, 2)
    );
    assert_eq!(rendered_texts(&setting.out()), three());
}

#[test]
fn orphans_go_and_the_folders_that_they_leave_empty() {
    let setting = Setting::with(&three());
    let fewer = files(&[("account/main.tf", "account\n")]);
    assert_eq!(setting.prune(&fewer).expect("written"), summary(0, 0, 2, 1));
    assert_eq!(
        paths(&setting.out()),
        ["MANIFEST.json", "account", "account/main.tf"]
    );
    assert_eq!(setting.write(&fewer).expect("written"), summary(0, 0, 0, 1));
}

#[test]
fn an_orphan_that_is_gone_already_still_takes_its_empty_folder_along() {
    let setting = Setting::with(&three());
    fs::remove_file(setting.out().join("staging/RUNBOOKS.md")).expect("removed");
    fs::remove_file(setting.out().join("staging/terraform/main.tf")).expect("removed");
    let fewer = files(&[("account/main.tf", "account\n")]);
    assert_eq!(setting.write(&fewer).expect("written"), summary(0, 0, 0, 1));
    assert_eq!(
        paths(&setting.out()),
        ["MANIFEST.json", "account", "account/main.tf"]
    );
}

#[test]
fn files_that_no_rendering_wrote_stay() {
    let setting = Setting::with(&three());
    setting.put("staging/terraform/local.tf", "mine\n");
    setting.put("notes.md", "mine too\n");
    setting.put("staging/terraform/.terraform/lock", "terraform's\n");
    let before = identities(&setting.out());
    setting.write(&three()).expect("written");
    assert_eq!(identities(&setting.out()), before);
    setting.prune(&files(&[])).expect("written");
    let kept = rendered_texts(&setting.out());
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
    let setting = Setting::with(&three());
    let mut changed = three();
    for text in changed.values_mut() {
        text.push_str("changed\n");
    }
    changed.remove("staging/RUNBOOKS.md");
    changed.insert("staging/new.tf".to_owned(), "new\n".to_owned());
    changed.insert("staging-2/main.tf".to_owned(), "another\n".to_owned());
    let scope = Scope::Environment("staging");
    let done = setting.write_scope(&changed, scope).expect("written");
    assert_eq!(done, summary(1, 1, 1, 0));
    assert_eq!(
        rendered_texts(&setting.out()),
        files(&[
            ("account/main.tf", "account\n"),
            ("staging/new.tf", "new\n"),
            ("staging/terraform/main.tf", "staging\nchanged\n"),
        ])
    );
    // The manifest still knows what the other scope wrote: it is updated and removed later.
    assert_eq!(
        setting.write(&changed).expect("written"),
        summary(1, 1, 0, 2)
    );
    assert_eq!(rendered_texts(&setting.out()), changed);
}

#[test]
fn a_scope_can_come_first() {
    let setting = Setting::new();
    let scope = Scope::Environment("staging");
    let done = setting.write_scope(&three(), scope).expect("written");
    assert_eq!(done, summary(2, 0, 0, 0));
    assert!(!setting.out().join("account").exists());
    assert_eq!(
        setting.write(&three()).expect("written"),
        summary(1, 0, 0, 2)
    );
}
