//! What is in the way of a rendering, and what a symbolic link leads to: neither is ever touched
//! without being asked for.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use test_support::output_fixture::{
    OutputFixture, WriteCounts, files, identities, rendered_texts, summary, three,
};
use valet_gen::write::{Obstacle, WriteError};

#[test]
fn a_file_in_the_way_is_refused_before_anything_is_written() {
    let fixture = OutputFixture::new();
    fixture.put("staging/RUNBOOKS.md", "mine\n");
    fixture.put("staging/terraform/main.tf", "mine too\n");
    let before = identities(&fixture.out());
    match fixture.write(&three()) {
        Err(WriteError::Foreign(paths)) => assert_eq!(
            paths,
            [
                fixture.out().join("staging/RUNBOOKS.md"),
                fixture.out().join("staging/terraform/main.tf")
            ]
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(identities(&fixture.out()), before);
    assert_eq!(
        fixture.force(&three()).expect("written"),
        summary(1, 2, 0, 0)
    );
    assert_eq!(rendered_texts(&fixture.out()), three());
}

#[test]
fn a_file_that_holds_the_same_already_is_taken_over() {
    let fixture = OutputFixture::new();
    fixture.put("account/main.tf", "account\n");
    assert_eq!(
        fixture.write(&three()).expect("written"),
        summary(2, 0, 0, 1)
    );
    assert_eq!(
        fixture.prune(&files(&[])).expect("written"),
        summary(0, 0, 3, 0)
    );
}

fn assert_blocked(outcome: Result<WriteCounts, WriteError>, at: &Path, what: Obstacle) {
    match outcome {
        Err(WriteError::Blocked { path, obstacle }) => {
            assert_eq!((path.as_path(), obstacle), (at, what));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_in_the_place_of_a_file_is_refused_even_by_force() {
    let fixture = OutputFixture::new();
    fixture.put("account/main.tf/mine", "mine\n");
    let before = identities(&fixture.out());
    let at = fixture.out().join("account/main.tf");
    assert_blocked(fixture.write(&three()), &at, Obstacle::FolderForFile);
    assert_blocked(fixture.force(&three()), &at, Obstacle::FolderForFile);
    assert_eq!(identities(&fixture.out()), before);
}

#[test]
fn a_file_in_the_place_of_a_folder_is_refused_even_by_force() {
    let fixture = OutputFixture::new();
    fixture.put("staging", "mine\n");
    let at = fixture.out().join("staging");
    assert_blocked(fixture.write(&three()), &at, Obstacle::FileForFolder);
    assert_blocked(fixture.force(&three()), &at, Obstacle::FileForFolder);
    assert_eq!(
        rendered_texts(&fixture.out()),
        files(&[("staging", "mine\n")])
    );

    let fixture = OutputFixture::new();
    fs::write(fixture.out(), "mine\n").expect("written");
    assert_blocked(
        fixture.force(&three()),
        &fixture.out(),
        Obstacle::FileForFolder,
    );
}

#[test]
fn nothing_is_written_through_a_folder_that_is_a_symbolic_link() {
    let fixture = OutputFixture::with(&three());
    fs::remove_dir_all(fixture.out().join("staging")).expect("removed");
    symlink(fixture.outside(), fixture.out().join("staging")).expect("linked");
    let at = fixture.out().join("staging");
    assert_blocked(fixture.write(&three()), &at, Obstacle::LinkForFolder);
    assert_blocked(fixture.force(&three()), &at, Obstacle::LinkForFolder);
    fixture.assert_outside_is_untouched();
}

#[test]
fn nothing_is_removed_through_a_folder_that_is_a_symbolic_link() {
    let fixture = OutputFixture::with(&files(&[("staging/precious.tf", "x\n"), ("a.tf", "a\n")]));
    fs::remove_dir_all(fixture.out().join("staging")).expect("removed");
    symlink(fixture.outside(), fixture.out().join("staging")).expect("linked");
    let fewer = files(&[("a.tf", "a\n")]);
    assert_eq!(fixture.write(&fewer).expect("written"), summary(0, 0, 0, 1));
    fixture.assert_outside_is_untouched();
    assert!(
        fixture.out().join("staging").is_symlink(),
        "the link is nobody's either"
    );
}

#[test]
fn a_file_that_is_a_symbolic_link_is_in_the_way_and_its_target_is_safe() {
    let fixture = OutputFixture::with(&three());
    let link = fixture.out().join("account/main.tf");
    fs::remove_file(&link).expect("removed");
    symlink(fixture.outside().join("precious.tf"), &link).expect("linked");
    assert!(
        matches!(fixture.write(&three()), Err(WriteError::Foreign(paths)) if paths == [link.clone()])
    );
    // By force the link goes, and not what it leads to.
    assert_eq!(
        fixture.force(&three()).expect("written"),
        summary(0, 1, 0, 2)
    );
    assert!(!link.is_symlink());
    assert_eq!(rendered_texts(&fixture.out()), three());
    fixture.assert_outside_is_untouched();
}

#[test]
fn a_link_that_leads_nowhere_is_in_the_way_too() {
    let fixture = OutputFixture::new();
    fs::create_dir_all(fixture.out().join("account")).expect("made");
    let link = fixture.out().join("account/main.tf");
    symlink(fixture.outside().join("new.tf"), &link).expect("linked");
    assert!(matches!(fixture.write(&three()), Err(WriteError::Foreign(paths)) if paths == [link]));
    fixture.assert_outside_is_untouched();
}

#[test]
fn the_output_folder_itself_may_be_a_link() {
    let fixture = OutputFixture::new();
    let elsewhere = fixture.whole.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    symlink(&elsewhere, fixture.out()).expect("linked");
    fixture.write(&three()).expect("written");
    assert_eq!(rendered_texts(&elsewhere), three());
    assert!(fixture.out().is_symlink());
}

#[test]
fn a_link_in_the_place_of_a_temporary_file_is_not_followed() {
    let fixture = OutputFixture::with(&three());
    let part = format!("account/.main.tf.{}.valet-gen-part", std::process::id());
    symlink(
        fixture.outside().join("precious.tf"),
        fixture.out().join(&part),
    )
    .expect("linked");
    let mut changed = three();
    changed.insert("account/main.tf".to_owned(), "changed\n".to_owned());
    fixture.write(&changed).expect("written");
    assert_eq!(rendered_texts(&fixture.out()), changed);
    fixture.assert_outside_is_untouched();
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
        let fixture = OutputFixture::new();
        let outcome = fixture.force(&files(&[(path, "x\n")]));
        assert!(
            matches!(outcome, Err(WriteError::Outside(at)) if at == path),
            "{path}"
        );
        assert!(!fixture.out().exists());
        fixture.assert_outside_is_untouched();
    }
}
