//! What GitHub refuses, and what a workflow may not do.

use std::fs;

use super::fake::{FakeGithub, Fault};
use super::workflow::Workflow;

fn fault(method: &'static str, status: u16, message: &'static str) -> Fault {
    Fault {
        method,
        status,
        message,
        retry_after: None,
        times: usize::MAX,
    }
}

#[test]
fn what_github_refuses_is_an_error_and_stands_in_the_summary() {
    for (fault, message, help) in [
        (
            fault("POST", 403, "Resource not accessible by integration"),
            "GitHub answers 403: Resource not accessible by integration",
            "give the job `permissions: pull-requests: write`",
        ),
        (
            fault("GET", 404, "Not Found"),
            "GitHub answers 404: Not Found",
            "the token does not see the pull request: give the job `permissions: pull-requests: write`",
        ),
        (
            fault("POST", 422, "Validation Failed"),
            "GitHub answers 422: Validation Failed",
            "report it with what the comment was to say, which is in the job's summary",
        ),
        (
            fault("GET", 301, "Moved Permanently"),
            "GitHub answers 301: Moved Permanently",
            "the repository has another name now: start the workflow again",
        ),
        (
            Fault {
                retry_after: Some(3600),
                ..fault("POST", 403, "You have exceeded a secondary rate limit")
            },
            "GitHub answers 403: You have exceeded a secondary rate limit",
            "run the job again later",
        ),
        (
            Fault {
                retry_after: Some(0),
                ..fault("POST", 503, "Unavailable")
            },
            "GitHub answers 503: Unavailable",
            "run the job again later",
        ),
    ] {
        let github = FakeGithub::start();
        github.state().faults.push(fault);
        let workflow = Workflow::new(&github);
        let run = workflow.diff();
        let stderr = format!(
            "no comment but the job's summary: the comment could not be written\nerror: comment on #7: {message}\n  help: {help}\n"
        );
        assert_eq!((run.code, run.stderr), (Some(42), stderr));
        assert!(workflow.summary().contains("every worker is replaced"));
        assert!(!workflow.summary().contains("<!--"));
    }
}

#[test]
fn what_github_asks_for_again_is_asked_again() {
    for (method, status) in [("GET", 429), ("POST", 403), ("POST", 502), ("GET", 500)] {
        let github = FakeGithub::start();
        github.state().faults.push(Fault {
            retry_after: Some(0),
            times: 2,
            ..fault(method, status, "slow down")
        });
        let run = Workflow::new(&github).diff();
        assert_eq!(run.code, Some(0), "{method} {status}: {}", run.stderr);
        assert_eq!(github.bodies().len(), 1);
    }
}

#[test]
fn a_token_that_is_not_valid_says_so() {
    let github = FakeGithub::start();
    let mut workflow = Workflow::new(&github);
    workflow.set("GITHUB_TOKEN", "ghs_bad");
    let run = workflow.diff();
    assert_eq!(run.code, Some(42));
    assert!(
        run.stderr.ends_with("error: comment on #7: GitHub answers 401: Bad credentials\n  help: the token is not valid: pass `GITHUB_TOKEN: ${{ github.token }}`\n"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("ghs_bad"));
}

#[test]
fn forks_get_a_summary_and_no_request_is_made() {
    for from in ["stranger/r", ""] {
        let github = FakeGithub::start();
        let mut workflow = Workflow::new(&github);
        workflow.event(from);
        // A fork's run may have no token at all.
        workflow.unset("GITHUB_TOKEN");
        let run = workflow.diff();
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (
                Some(0),
                "no comment but the job's summary: the pull request comes from a fork, whose runs may not write comments\n"
            )
        );
        assert!(
            workflow
                .summary()
                .contains("## `valet`: every worker is replaced")
        );
        assert_eq!(github.state().requests, Vec::<String>::new());
    }
}

#[test]
fn a_run_for_no_pull_request_gets_a_summary() {
    let github = FakeGithub::start();
    let mut workflow = Workflow::new(&github);
    workflow.set("GITHUB_EVENT_NAME", "push");
    fs::write(workflow.path("event.json"), "{\"ref\":\"refs/heads/main\"}").expect("written");
    let run = workflow.diff();
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (
            Some(0),
            "no comment but the job's summary: this run is for no pull request\n"
        )
    );
    workflow.unset("GITHUB_STEP_SUMMARY");
    assert_eq!(
        workflow.diff().stderr,
        "no comment: this run is for no pull request\n"
    );
}

#[test]
fn what_is_no_workflow_or_a_dangerous_one_is_refused() {
    let github = FakeGithub::start();
    let elsewhere =
        "`--comment github` works within GitHub Actions; elsewhere print with `--format markdown`";
    for (name, value, error, help) in [
        (
            "GITHUB_EVENT_NAME",
            Some("pull_request_target"),
            "--comment: the workflow runs on `pull_request_target`, which gives a fork's code a token that writes",
            "run it on `pull_request`: forks then get a summary of the job instead of a comment",
        ),
        (
            "GITHUB_EVENT_PATH",
            None,
            "GITHUB_EVENT_PATH: it is not set",
            elsewhere,
        ),
        (
            "GITHUB_TOKEN",
            None,
            "GITHUB_TOKEN: it is not set",
            "pass `GITHUB_TOKEN: ${{ github.token }}`",
        ),
        (
            "GITHUB_RUN_NUMBER",
            Some("x"),
            "GITHUB_RUN_NUMBER: it is not a number",
            elsewhere,
        ),
        (
            "GITHUB_REPOSITORY",
            Some("o/r/../x"),
            "GITHUB_REPOSITORY: it is not OWNER/NAME",
            elsewhere,
        ),
    ] {
        let mut workflow = Workflow::new(&github);
        match value {
            Some(value) => workflow.set(name, value),
            None => workflow.unset(name),
        };
        let run = workflow.diff();
        let stderr = format!("error: {error}\n  help: {help}\n");
        assert_eq!((run.code, run.stderr), (Some(2), stderr));
    }
    assert_eq!(github.state().requests, Vec::<String>::new());
    let mut workflow = Workflow::new(&github);
    workflow.set("GITHUB_API_URL", "http://api.github.example");
    let run = workflow.diff();
    assert_eq!(run.code, Some(42));
    assert!(
        run.stderr.contains("the token would travel unencrypted"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_gate_that_is_closed_stays_closed_whatever_becomes_of_the_comment() {
    let github = FakeGithub::start();
    let workflow = Workflow::new(&github);
    let gate = [
        "diff",
        "old.toml",
        "new.toml",
        "--comment",
        "github",
        "--fail-on",
        "rolling",
    ];
    assert_eq!(workflow.run(&gate).code, Some(40));
    assert_eq!(github.bodies().len(), 1, "and the comment says why");
    github.state().faults.push(fault("GET", 403, "no"));
    assert_eq!(workflow.run(&gate).code, Some(40));
}

#[test]
fn without_comment_its_options_are_refused() {
    let github = FakeGithub::start();
    let run = Workflow::new(&github).run(&["diff", "old.toml", "new.toml", "--target", "x"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}
