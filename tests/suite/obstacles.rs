//! What is in the way of a rendering, and what a symbolic link leads to: neither is ever touched
//! without being asked for.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use test_support::folder::{Counts, Setting, files, identities, rendered_texts, summary, three};
use valet_gen::write::{Obstacle, WriteError};

#[test]
fn a_file_in_the_way_is_refused_before_anything_is_written() {
    let setting = Setting::new();
    setting.put("staging/RUNBOOKS.md", "mine\n");
    setting.put("staging/terraform/main.tf", "mine too\n");
    let before = identities(&setting.out());
    match setting.write(&three()) {
        Err(WriteError::Foreign(paths)) => assert_eq!(
            paths,
            [
                setting.out().join("staging/RUNBOOKS.md"),
                setting.out().join("staging/terraform/main.tf")
            ]
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(identities(&setting.out()), before);
    assert_eq!(
        setting.force(&three()).expect("written"),
        summary(1, 2, 0, 0)
    );
    assert_eq!(rendered_texts(&setting.out()), three());
}

#[test]
fn a_file_that_holds_the_same_already_is_taken_over() {
    let setting = Setting::new();
    setting.put("account/main.tf", "account\n");
    assert_eq!(
        setting.write(&three()).expect("written"),
        summary(2, 0, 0, 1)
    );
    assert_eq!(
        setting.prune(&files(&[])).expect("written"),
        summary(0, 0, 3, 0)
    );
}

fn assert_blocked(outcome: Result<Counts, WriteError>, at: &Path, what: Obstacle) {
    match outcome {
        Err(WriteError::Blocked { path, obstacle }) => {
            assert_eq!((path.as_path(), obstacle), (at, what));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_in_the_place_of_a_file_is_refused_even_by_force() {
    let setting = Setting::new();
    setting.put("account/main.tf/mine", "mine\n");
    let before = identities(&setting.out());
    let at = setting.out().join("account/main.tf");
    assert_blocked(setting.write(&three()), &at, Obstacle::FolderForFile);
    assert_blocked(setting.force(&three()), &at, Obstacle::FolderForFile);
    assert_eq!(identities(&setting.out()), before);
}

#[test]
fn a_file_in_the_place_of_a_folder_is_refused_even_by_force() {
    let setting = Setting::new();
    setting.put("staging", "mine\n");
    let at = setting.out().join("staging");
    assert_blocked(setting.write(&three()), &at, Obstacle::FileForFolder);
    assert_blocked(setting.force(&three()), &at, Obstacle::FileForFolder);
    assert_eq!(
        rendered_texts(&setting.out()),
        files(&[("staging", "mine\n")])
    );

    let setting = Setting::new();
    fs::write(setting.out(), "mine\n").expect("written");
    assert_blocked(
        setting.force(&three()),
        &setting.out(),
        Obstacle::FileForFolder,
    );
}

#[test]
fn nothing_is_written_through_a_folder_that_is_a_symbolic_link() {
    let setting = Setting::with(&three());
    fs::remove_dir_all(setting.out().join("staging")).expect("removed");
    symlink(setting.outside(), setting.out().join("staging")).expect("linked");
    let at = setting.out().join("staging");
    assert_blocked(setting.write(&three()), &at, Obstacle::LinkForFolder);
    assert_blocked(setting.force(&three()), &at, Obstacle::LinkForFolder);
    setting.assert_outside_is_untouched();
}

#[test]
fn nothing_is_removed_through_a_folder_that_is_a_symbolic_link() {
    let setting = Setting::with(&files(&[("staging/precious.tf", "x\n"), ("a.tf", "a\n")]));
    fs::remove_dir_all(setting.out().join("staging")).expect("removed");
    symlink(setting.outside(), setting.out().join("staging")).expect("linked");
    let fewer = files(&[("a.tf", "a\n")]);
    assert_eq!(setting.write(&fewer).expect("written"), summary(0, 0, 0, 1));
    setting.assert_outside_is_untouched();
    assert!(
        setting.out().join("staging").is_symlink(),
        "the link is nobody's either"
    );
}

#[test]
fn a_file_that_is_a_symbolic_link_is_in_the_way_and_its_target_is_safe() {
    let setting = Setting::with(&three());
    let link = setting.out().join("account/main.tf");
    fs::remove_file(&link).expect("removed");
    symlink(setting.outside().join("precious.tf"), &link).expect("linked");
    assert!(
        matches!(setting.write(&three()), Err(WriteError::Foreign(paths)) if paths == [link.clone()])
    );
    // By force the link goes, and not what it leads to.
    assert_eq!(
        setting.force(&three()).expect("written"),
        summary(0, 1, 0, 2)
    );
    assert!(!link.is_symlink());
    assert_eq!(rendered_texts(&setting.out()), three());
    setting.assert_outside_is_untouched();
}

#[test]
fn a_link_that_leads_nowhere_is_in_the_way_too() {
    let setting = Setting::new();
    fs::create_dir_all(setting.out().join("account")).expect("made");
    let link = setting.out().join("account/main.tf");
    symlink(setting.outside().join("new.tf"), &link).expect("linked");
    assert!(matches!(setting.write(&three()), Err(WriteError::Foreign(paths)) if paths == [link]));
    setting.assert_outside_is_untouched();
}

#[test]
fn the_output_folder_itself_may_be_a_link() {
    let setting = Setting::new();
    let elsewhere = setting.whole.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    symlink(&elsewhere, setting.out()).expect("linked");
    setting.write(&three()).expect("written");
    assert_eq!(rendered_texts(&elsewhere), three());
    assert!(setting.out().is_symlink());
}

#[test]
fn a_link_in_the_place_of_a_temporary_file_is_not_followed() {
    let setting = Setting::with(&three());
    let part = format!("account/.main.tf.{}.valet-gen-part", std::process::id());
    symlink(
        setting.outside().join("precious.tf"),
        setting.out().join(&part),
    )
    .expect("linked");
    let mut changed = three();
    changed.insert("account/main.tf".to_owned(), "changed\n".to_owned());
    setting.write(&changed).expect("written");
    assert_eq!(rendered_texts(&setting.out()), changed);
    setting.assert_outside_is_untouched();
}

#[test]
fn a_path_that_leads_out_of_the_folder_is_refused() {
    for path in [
        "../outside/precious.tf",
        "a/../../x",
        "/etc/x",
        "a//b",
        "./a",
        "",
    ] {
        let setting = Setting::new();
        let outcome = setting.force(&files(&[(path, "x\n")]));
        assert!(
            matches!(outcome, Err(WriteError::Outside(at)) if at == path),
            "{path}"
        );
        assert!(!setting.out().exists());
        setting.assert_outside_is_untouched();
    }
}
