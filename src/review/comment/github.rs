//! Comments of a pull request, by GitHub's REST API (version 2022-11-28, "Issue comments").

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use ureq::{Agent, Body, http};
use url::{Host, Url};

use crate::tls::{NoAuthorities, tls_config};

/// The version of the API that is asked for.
const API_VERSION: &str = "2022-11-28";

/// How many comments a page has: the most that GitHub gives.
const PAGE: usize = 100;

/// How many pages are read: 10,000 comments.
const MAX_PAGES: usize = 100;

/// How often a request is made that GitHub asks to be made again.
const MAX_ATTEMPTS: usize = 3;

/// The longest that is waited before it, in seconds.
const MAX_WAIT_SECONDS: u64 = 30;

/// The longest that one request takes.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The largest answer that is read, in bytes: a page of the longest comments, four bytes a character.
const MAX_ANSWER_BYTES: u64 = 64 * 1024 * 1024;

/// Why GitHub did not do what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct GithubError {
    /// The status of the answer; `None` where there was none.
    pub status: Option<u16>,
    pub problem: String,
    pub help: String,
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Comment {
    pub id: u64,
    #[serde(default)]
    pub body: Option<String>,
    pub user: Option<User>,
    #[serde(default)]
    pub html_url: String,
}

/// Who wrote a comment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    pub login: String,
}

/// A pull request of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// `owner/name`.
    pub repository: String,
    pub number: u64,
}

/// The API of one GitHub, with a token.
pub struct Client {
    agent: Agent,
    api: String,
    token: String,
}

impl Client {
    /// A client of the API at an address such as `https://api.github.com`.
    ///
    /// # Errors
    /// When the address is none, or the token would travel unencrypted: only this machine itself is
    /// spoken to by `http`.
    pub fn new(api: &str, token: &str) -> Result<Self, GithubError> {
        let is_plain = check_address(api)?;
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refused(
                "the token is empty, or has a blank or a line break in it",
                "pass it as `GITHUB_TOKEN: ${{ github.token }}`",
            ));
        }
        let mut config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .https_only(!is_plain)
            .user_agent(concat!("valet-gen/", env!("CARGO_PKG_VERSION")));
        if is_plain {
            config = config.proxy(None);
        } else {
            config =
                config.tls_config(tls_config().map_err(|NoAuthorities| {
                    refused(NoAuthorities::PROBLEM, NoAuthorities::HELP)
                })?);
        }
        Ok(Self {
            agent: config.build().new_agent(),
            api: api.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
        })
    }

    /// Every comment of a pull request, the oldest first.
    ///
    /// # Errors
    /// What GitHub says.
    pub fn comments(&self, of: &PullRequest) -> Result<Vec<Comment>, GithubError> {
        let mut all = Vec::new();
        for page in 1..=MAX_PAGES {
            let path = format!(
                "/repos/{}/issues/{}/comments?per_page={PAGE}&page={page}",
                of.repository, of.number
            );
            let answer = self.ask("GET", &path, None)?;
            let comments: Vec<Comment> = answer.read()?;
            all.extend(comments);
            if !answer.has_next {
                break;
            }
        }
        all.sort_by_key(|comment| comment.id);
        Ok(all)
    }

    /// One comment as it is now; `None` where it was deleted.
    ///
    /// # Errors
    /// What GitHub says.
    pub fn comment(&self, of: &PullRequest, id: u64) -> Result<Option<Comment>, GithubError> {
        let path = format!("/repos/{}/issues/comments/{id}", of.repository);
        match self.ask("GET", &path, None) {
            Ok(answer) => answer.read().map(Some),
            Err(error) if error.status == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes another comment.
    ///
    /// # Errors
    /// What GitHub says.
    pub fn create(&self, of: &PullRequest, body: &str) -> Result<Comment, GithubError> {
        let path = format!("/repos/{}/issues/{}/comments", of.repository, of.number);
        self.ask("POST", &path, Some(&json!({ "body": body })))?
            .read()
    }

    /// Writes a comment again; `None` where it was deleted.
    ///
    /// # Errors
    /// What GitHub says.
    pub fn update(
        &self,
        of: &PullRequest,
        id: u64,
        body: &str,
    ) -> Result<Option<Comment>, GithubError> {
        let path = format!("/repos/{}/issues/comments/{id}", of.repository);
        match self.ask("PATCH", &path, Some(&json!({ "body": body }))) {
            Ok(answer) => answer.read().map(Some),
            Err(error) if error.status == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes a comment, which may be gone already.
    ///
    /// # Errors
    /// What GitHub says.
    pub fn delete(&self, of: &PullRequest, id: u64) -> Result<(), GithubError> {
        let path = format!("/repos/{}/issues/comments/{id}", of.repository);
        match self.ask("DELETE", &path, None) {
            Ok(_) => Ok(()),
            Err(error) if error.status == Some(404) => Ok(()),
            Err(error) => Err(error),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "GitHub says how long to wait")]
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, GithubError> {
        let mut attempt = 1;
        loop {
            let answer = self.ask_once(method, path, body)?;
            if (200..300).contains(&answer.status) {
                return Ok(answer);
            }
            match answer.wait_seconds {
                Some(seconds) if attempt < MAX_ATTEMPTS && seconds <= MAX_WAIT_SECONDS => {
                    std::thread::sleep(Duration::from_secs(seconds));
                    attempt += 1;
                }
                _ => return Err(answer.error()),
            }
        }
    }

    fn ask_once(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, GithubError> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.api))
            .header("Accept", "application/vnd.github+json")
            .header("Authorization", format!("Bearer {}", self.token))
            .header("X-GitHub-Api-Version", API_VERSION);
        let sent = match body {
            Some(body) => request
                .header("Content-Type", "application/json")
                .body(body.to_string())
                .map_err(|error| unreachable(&error))
                .and_then(|request| self.agent.run(request).map_err(|error| unreachable(&error))),
            None => request
                .body(())
                .map_err(|error| unreachable(&error))
                .and_then(|request| self.agent.run(request).map_err(|error| unreachable(&error))),
        };
        Answer::of(sent?)
    }
}

/// What GitHub answered.
struct Answer {
    status: u16,
    text: String,
    /// Whether there is another page.
    has_next: bool,
    /// After how many seconds GitHub asks for the request again.
    wait_seconds: Option<u64>,
}

impl Answer {
    fn of(mut response: http::Response<Body>) -> Result<Self, GithubError> {
        let status = response.status().as_u16();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let has_next = header("link").is_some_and(|link| link.contains("rel=\"next\""));
        let retry_after = header("retry-after").and_then(|seconds| seconds.parse().ok());
        let text = response
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER_BYTES)
            .read_to_string()
            .map_err(|error| unreachable(&error))?;
        let wait_seconds = match status {
            // Rate limits say when to come back ("Rate limits for the REST API").
            403 | 429 => retry_after,
            500..=599 => Some(retry_after.unwrap_or(1)),
            _ => None,
        };
        Ok(Self {
            status,
            text,
            has_next,
            wait_seconds,
        })
    }

    fn read<T: for<'de> Deserialize<'de>>(&self) -> Result<T, GithubError> {
        serde_json::from_str(&self.text).map_err(|error| GithubError {
            status: Some(self.status),
            problem: format!("GitHub's answer is not what its API describes: {error}"),
            help: "check GITHUB_API_URL".to_owned(),
        })
    }

    fn error(&self) -> GithubError {
        let said: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let message = said["message"].as_str().unwrap_or("no message");
        // What another machine says never steers a terminal, nor fills it.
        let message: String = message
            .chars()
            .filter(|letter| !letter.is_control())
            .take(200)
            .collect();
        GithubError {
            status: Some(self.status),
            problem: format!("GitHub answers {}: {message}", self.status),
            help: help(self.status, &message).to_owned(),
        }
    }
}

fn help(status: u16, message: &str) -> &'static str {
    match status {
        401 => "the token is not valid: pass `GITHUB_TOKEN: ${{ github.token }}`",
        403 if message.contains("rate limit") => "run the job again later",
        403 => "give the job `permissions: pull-requests: write`",
        404 => {
            "the token does not see the pull request: give the job `permissions: pull-requests: write`"
        }
        422 => "report it with what the comment was to say, which is in the job's summary",
        300..=399 => "the repository has another name now: start the workflow again",
        _ => "run the job again later",
    }
}

fn unreachable(error: &dyn std::fmt::Display) -> GithubError {
    GithubError {
        status: None,
        problem: format!("GitHub cannot be reached: {error}"),
        help: "check GITHUB_API_URL, the network and the proxy".to_owned(),
    }
}

fn refused(problem: &str, help: &str) -> GithubError {
    GithubError {
        status: None,
        problem: problem.to_owned(),
        help: help.to_owned(),
    }
}

/// Whether the address is one of this machine, which needs no encryption.
fn check_address(api: &str) -> Result<bool, GithubError> {
    let help = "GITHUB_API_URL is an address such as https://api.github.com";
    let url = Url::parse(api).map_err(|_| refused("the API has no valid address", help))?;
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    match url.scheme() {
        "https" if url.has_host() => Ok(false),
        "http" if is_here => Ok(true),
        _ => Err(refused(
            "the token would travel unencrypted: the API's address does not begin with https",
            help,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_only_travels_encrypted_or_within_this_machine() {
        for good in [
            "https://api.github.com",
            "https://github.example/api/v3",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/",
        ] {
            assert!(check_address(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.github.com",
            "http://10.0.0.1",
            "http://localhost.example",
            "ftp://127.0.0.1",
            "https://",
            "api.github.com",
            "",
        ] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_one_word() {
        for bad in ["", "a b", "a\r\nHost: b", "ä"] {
            assert!(Client::new("http://127.0.0.1:1", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_machine_has_authorities_to_trust_or_says_so() {
        if let Err(error) = Client::new("https://api.github.com", "t") {
            assert_eq!(
                error.problem,
                "this machine trusts no certificate authority"
            );
        }
    }
}
