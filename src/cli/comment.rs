//! `--comment github`: one comment on the pull request that a workflow runs for. Where there is none, or its
//! token may not write, as for pull requests of forks, the same stands in the summary of the job.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::Value;

use super::exit::usage_error;
use super::{Exit, print};
use crate::review::comment::github::{Client, GithubError, PullRequest};
use crate::review::comment::post::{Post, Posted, post};
use crate::review::comment::{Marker, body, summary};
use crate::review::section::Section;

/// Where a comment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CommentOn {
    /// A pull request on GitHub, from a workflow of GitHub Actions.
    Github,
}

#[derive(Debug, clap::Args)]
pub struct CommentArgs {
    /// Create or update one comment on the pull request; needs `GITHUB_TOKEN`.
    #[arg(long, value_enum, value_name = "WHERE")]
    comment: Option<CommentOn>,
    /// The name that the comment is kept under: each name has a comment of its own. [default: the fleet's name]
    #[arg(long, value_name = "NAME", requires = "comment")]
    target: Option<String>,
    /// The login that the token writes comments as, where it is not the workflow's own token.
    #[arg(
        long,
        value_name = "LOGIN",
        requires = "comment",
        default_value = "github-actions[bot]"
    )]
    comment_author: String,
}

/// What is to be said.
pub struct Message<'a> {
    pub sections: &'a [Section],
    /// Whether there is anything to say.
    pub has_changes: bool,
    /// What it is about, where `--target` does not say.
    pub target: &'a str,
}

impl CommentArgs {
    /// Posts the comment, where one is asked for.
    pub fn post(&self, message: &Message<'_>) -> Exit {
        if self.comment.is_none() {
            return Exit::Success;
        }
        match self.posted(message) {
            Ok(()) => Exit::Success,
            Err(exit) => exit,
        }
    }

    fn posted(&self, message: &Message<'_>) -> Result<(), Exit> {
        let workflow = Workflow::read()?;
        let elsewhere = format!("All of it: {}", workflow.url);
        let Some(pull_request) = &workflow.pull_request else {
            let why = "this run is for no pull request";
            return workflow.summarize(message, &elsewhere, why);
        };
        if pull_request.is_of_fork {
            let why = "the pull request comes from a fork, whose runs may not write comments";
            return workflow.summarize(message, &elsewhere, why);
        }
        let marker = Marker {
            target: self
                .target
                .clone()
                .unwrap_or_else(|| message.target.to_owned()),
            head: pull_request.head.clone(),
            workflow: workflow.name.clone(),
            run: workflow.run,
            attempt: workflow.attempt,
        };
        let token = variable("GITHUB_TOKEN", "pass `GITHUB_TOKEN: ${{ github.token }}`")?;
        let api =
            std::env::var("GITHUB_API_URL").unwrap_or_else(|_| "https://api.github.com".to_owned());
        let number = pull_request.number;
        let posted = Client::new(&api, &token).and_then(|client| {
            let request = Post {
                pull_request: &PullRequest {
                    repository: workflow.repository.clone(),
                    number,
                },
                marker: &marker,
                body: &body(&marker, message.sections, &elsewhere),
                has_changes: message.has_changes,
                author: &self.comment_author,
            };
            post(&client, &request)
        });
        match posted {
            Ok(posted) => {
                // Standard output is what `--format` prints.
                print::line_to_stderr(said(&posted, number));
                Ok(())
            }
            Err(error) => {
                workflow.summarize(message, &elsewhere, "the comment could not be written")?;
                Err(not_posted(number, &error))
            }
        }
    }
}

fn said(posted: &Posted, number: u64) -> String {
    match posted {
        Posted::Created(url) => format!("comment on #{number}: created, {url}"),
        Posted::Updated(url) => format!("comment on #{number}: updated, {url}"),
        Posted::NewerThere(url) => {
            format!("comment on #{number}: left alone, a newer run wrote it, {url}")
        }
        Posted::NothingToSay => format!("comment on #{number}: none, nothing changes"),
    }
}

fn not_posted(number: u64, error: &GithubError) -> Exit {
    print::line_to_stderr(format_args!(
        "error: comment on #{number}: {}\n  help: {}",
        error.problem, error.help
    ));
    Exit::NotPosted
}

/// What a run of GitHub Actions knows of itself ("Variables reference", "Webhook events and payloads").
struct Workflow {
    repository: String,
    name: String,
    run: u64,
    attempt: u64,
    /// Where people read the run.
    url: String,
    /// The file of the job's summary.
    summary: Option<PathBuf>,
    pull_request: Option<Event>,
}

struct Event {
    number: u64,
    head: String,
    is_of_fork: bool,
}

const HELP: &str =
    "`--comment github` works within GitHub Actions; elsewhere print with `--format markdown`";

impl Workflow {
    fn read() -> Result<Self, Exit> {
        let path = variable("GITHUB_EVENT_PATH", HELP)?;
        let event = std::env::var("GITHUB_EVENT_NAME").unwrap_or_default();
        if event == "pull_request_target" {
            // It runs what a stranger wrote with a token that may write.
            return Err(usage_error(
                &"--comment",
                &"the workflow runs on `pull_request_target`, which gives a fork's code a token that writes",
                "run it on `pull_request`: forks then get a summary of the job instead of a comment",
            ));
        }
        let unreadable = |problem: &dyn std::fmt::Display| usage_error(&path, &problem, HELP);
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&error))?;
        let payload: Value = serde_json::from_str(&text).map_err(|error| unreadable(&error))?;
        let repository = variable("GITHUB_REPOSITORY", HELP)?;
        if !is_repository(&repository) {
            return Err(usage_error(
                &"GITHUB_REPOSITORY",
                &"it is not OWNER/NAME",
                HELP,
            ));
        }
        let server =
            std::env::var("GITHUB_SERVER_URL").unwrap_or_else(|_| "https://github.com".to_owned());
        let id = number("GITHUB_RUN_ID")?;
        Ok(Self {
            url: format!("{server}/{repository}/actions/runs/{id}"),
            pull_request: pull_request(&payload, &repository),
            repository,
            name: std::env::var("GITHUB_WORKFLOW").unwrap_or_default(),
            run: number("GITHUB_RUN_NUMBER")?,
            attempt: number("GITHUB_RUN_ATTEMPT")?,
            summary: std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from),
        })
    }

    /// Adds the message to the summary of the job.
    fn summarize(&self, message: &Message<'_>, elsewhere: &str, why: &str) -> Result<(), Exit> {
        let Some(path) = &self.summary else {
            print::line_to_stderr(format_args!("no comment: {why}"));
            return Ok(());
        };
        let text = summary(message.sections, elsewhere);
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .and_then(|mut file| writeln!(file, "{text}"));
        written.map_err(|error| {
            let help = "GITHUB_STEP_SUMMARY names the file of the job's summary";
            super::exit::file_error(&path.display(), &error, help)
        })?;
        print::line_to_stderr(format_args!("no comment but the job's summary: {why}"));
        Ok(())
    }
}

fn pull_request(payload: &Value, repository: &str) -> Option<Event> {
    let of = payload.get("pull_request")?;
    let from = of["head"]["repo"]["full_name"].as_str();
    Some(Event {
        number: of["number"].as_u64()?,
        head: of["head"]["sha"].as_str()?.to_owned(),
        // A repository that is deleted has no name, and was none of ours.
        is_of_fork: from.is_none_or(|name| !name.eq_ignore_ascii_case(repository)),
    })
}

fn is_repository(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with("..")
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    name.split_once('/')
        .is_some_and(|(owner, name)| is_part(owner) && is_part(name))
}

fn variable(name: &str, help: &str) -> Result<String, Exit> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        _ => Err(usage_error(&name, &"it is not set", help)),
    }
}

fn number(name: &str) -> Result<u64, Exit> {
    let text = variable(name, HELP)?;
    text.parse()
        .map_err(|_| usage_error(&name, &"it is not a number", HELP))
}
