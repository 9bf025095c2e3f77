//! What is on the pull request after a run, whatever was there before and happens meanwhile.

use super::fake::{BOT, FakeGithub};
use super::workflow::{Workflow, marker};

fn url(id: u64) -> String {
    format!("https://github.com/o/r/pull/7#issuecomment-{id}")
}

/// What the run says on standard error, which is one line.
fn said(workflow: &Workflow) -> String {
    let run = workflow.diff();
    assert_eq!(run.code, Some(0), "{run:#?}");
    run.stderr
}

#[test]
fn there_is_one_comment_and_later_runs_update_it() {
    let github = FakeGithub::start();
    let mut workflow = Workflow::new(&github);
    let run = workflow.diff();
    let created = format!("comment on #7: created, {}\n", url(1));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), created.as_str()));
    assert!(
        run.stdout.ends_with("\nrolling: production\n"),
        "{}",
        run.stdout
    );
    let body = github.bodies().remove(0);
    let first = marker("valet", "fleet", 12, 1);
    assert_eq!(body.lines().next(), Some(first.as_str()));
    assert!(
        body.contains("## `valet`: every worker is replaced"),
        "{body}"
    );

    workflow.set("GITHUB_RUN_NUMBER", "13");
    assert_eq!(
        said(&workflow),
        format!("comment on #7: updated, {}\n", url(1))
    );
    let bodies = github.bodies();
    assert_eq!(bodies.len(), 1);
    assert!(bodies[0].starts_with(&marker("valet", "fleet", 13, 1)));
}

#[test]
fn no_changes_create_no_comment_and_update_one() {
    let github = FakeGithub::start();
    let workflow = Workflow::new(&github);
    let run = workflow.no_change();
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(0), "comment on #7: none, nothing changes\n")
    );
    assert_eq!(github.bodies(), Vec::<String>::new());
    workflow.diff();
    workflow.no_change();
    let bodies = github.bodies();
    assert_eq!(bodies.len(), 1);
    assert!(
        bodies[0].contains("## `valet`: no changes"),
        "{}",
        bodies[0]
    );
}

#[test]
fn a_newer_run_is_never_written_over() {
    for (run, attempt) in [(13, 1), (12, 2)] {
        let github = FakeGithub::start();
        let newer = format!("{}\nnewer", marker("valet", "fleet", run, attempt));
        let id = github.state().add(BOT, &newer);
        let said = said(&Workflow::new(&github));
        assert_eq!(
            said,
            format!(
                "comment on #7: left alone, a newer run wrote it, {}\n",
                url(id)
            )
        );
        assert_eq!(github.bodies(), [newer]);
    }
    let github = FakeGithub::start();
    let elsewhere = format!("{}\nit", marker("valet", "other", 99, 1));
    github.state().add(BOT, &elsewhere);
    assert!(
        said(&Workflow::new(&github)).contains("updated"),
        "runs of another workflow are counted apart"
    );
}

#[test]
fn of_two_comments_the_first_stays() {
    let github = FakeGithub::start();
    for run in [3, 4] {
        github
            .state()
            .add(BOT, &format!("{}\nold", marker("valet", "fleet", run, 1)));
    }
    assert_eq!(
        said(&Workflow::new(&github)),
        format!("comment on #7: updated, {}\n", url(1))
    );
    assert_eq!(github.bodies().len(), 1);
    assert!(github.bodies()[0].contains("every worker is replaced"));
}

#[test]
fn what_somebody_else_wrote_is_not_touched() {
    let github = FakeGithub::start();
    let forged = format!("{}\nall is well", marker("valet", "fleet", 999, 1));
    let quoted = format!("> {}\n\nI wonder", marker("valet", "fleet", 999, 1));
    let other = format!("{}\nanother fleet", marker("other", "fleet", 999, 1));
    github.state().add("mallory", &forged);
    github.state().add(BOT, &quoted);
    github.state().add(BOT, &other);
    assert_eq!(
        said(&Workflow::new(&github)),
        format!("comment on #7: created, {}\n", url(4))
    );
    assert_eq!(github.bodies()[..3], [forged, quoted, other]);
}

#[test]
fn every_page_is_read() {
    let github = FakeGithub::start();
    for number in 0..250 {
        github.state().add("somebody", &format!("comment {number}"));
    }
    let id = github
        .state()
        .add(BOT, &format!("{}\nold", marker("valet", "fleet", 1, 1)));
    assert_eq!(
        said(&Workflow::new(&github)),
        format!("comment on #7: updated, {}\n", url(id))
    );
    assert_eq!(github.count("GET /repos/o/r/issues/7/comments?"), 3);
    assert_eq!(github.bodies().len(), 251);
}

#[test]
fn two_runs_that_create_at_once_leave_one_comment() {
    for (run, kept) in [(11, "every worker is replaced"), (13, "theirs")] {
        let github = FakeGithub::start();
        let theirs = format!("{}\ntheirs", marker("valet", "fleet", run, 1));
        github.state().meanwhile = Some(Box::new(move |state, line| {
            if line.starts_with("POST") && state.comments.is_empty() {
                state.add(BOT, &theirs);
            }
        }));
        let said = said(&Workflow::new(&github));
        let bodies = github.bodies();
        assert_eq!(bodies.len(), 1, "{said}");
        assert!(bodies[0].contains(kept), "{run}: {said}{}", bodies[0]);
    }
}

#[test]
fn a_newer_run_that_writes_between_two_requests_is_not_written_over() {
    let github = FakeGithub::start();
    github
        .state()
        .add(BOT, &format!("{}\nold", marker("valet", "fleet", 3, 1)));
    let newer = format!("{}\nnewer", marker("valet", "fleet", 20, 1));
    let written = newer.clone();
    github.state().meanwhile = Some(Box::new(move |state, line| {
        if line.starts_with("GET /repos/o/r/issues/comments/1") {
            state.comments[0].body = written.clone();
        }
    }));
    assert!(said(&Workflow::new(&github)).contains("left alone"));
    assert_eq!(github.bodies(), [newer]);
}

#[test]
fn what_an_older_run_wrote_over_is_written_again() {
    let github = FakeGithub::start();
    github
        .state()
        .add(BOT, &format!("{}\nold", marker("valet", "fleet", 3, 1)));
    let older = format!("{}\nolder", marker("valet", "fleet", 11, 1));
    let mut is_done = false;
    github.state().meanwhile = Some(Box::new(move |state, line| {
        let has_ours = state.comments[0].body.contains("run=12");
        if line.starts_with("GET /repos/o/r/issues/comments/1") && has_ours && !is_done {
            state.comments[0].body = older.clone();
            is_done = true;
        }
    }));
    assert!(said(&Workflow::new(&github)).contains("updated"));
    assert!(github.bodies()[0].starts_with(&marker("valet", "fleet", 12, 1)));
    assert_eq!(github.count("PATCH"), 2);
}

#[test]
fn a_comment_that_is_deleted_meanwhile_is_created() {
    let github = FakeGithub::start();
    github
        .state()
        .add(BOT, &format!("{}\nold", marker("valet", "fleet", 3, 1)));
    github.state().meanwhile = Some(Box::new(|state, line| {
        if line.starts_with("PATCH") {
            state.comments.retain(|one| one.id != 1);
        }
    }));
    assert_eq!(
        said(&Workflow::new(&github)),
        format!("comment on #7: created, {}\n", url(2))
    );
    assert_eq!(github.bodies().len(), 1);
}

#[test]
fn the_comments_of_an_app_of_ones_own_are_found() {
    let github = FakeGithub::start();
    github.state().login = Some("reviewer[bot]".to_owned());
    let workflow = Workflow::new(&github);
    let run = |author: &[&str]| {
        let mut all = vec!["diff", "old.toml", "new.toml", "--comment", "github"];
        all.extend(author);
        workflow.run(&all).stderr
    };
    assert!(run(&["--comment-author", "reviewer[bot]"]).contains("created"));
    assert!(run(&["--comment-author", "reviewer[bot]"]).contains("updated"));
    // Where nobody says who it is, the answer does.
    assert!(run(&[]).contains("updated"));
    assert_eq!(github.bodies().len(), 1);
}
