//! The log of a build, which Image Builder writes to CloudWatch: followed, and kept in a file.

use std::collections::VecDeque;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::clients::AwsClients;
use super::refusal::{is_missing, plain, refusal};
use crate::error::AwsError;
use crate::progress::ProgressEvent;

/// The lines that are told of a build that failed.
const LAST_LINES: usize = 10;

/// The most that is kept in the file, in bytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The log of one build.
pub struct BuildLog {
    group: String,
    stream: String,
    file: PathBuf,
    token: Option<String>,
    last: VecDeque<String>,
    bytes: u64,
    is_denied: bool,
}

impl BuildLog {
    /// Of the build with this ARN. What is read is kept in `file`.
    pub fn new(build_arn: &str, file: &Path) -> Self {
        // arn:...:image/<name>/<x.x.x>/<build>
        let (_, build) = build_arn.rsplit_once(":image/").unwrap_or_default();
        let (name, version) = build.split_once('/').unwrap_or_default();
        Self {
            group: format!("/aws/imagebuilder/{name}"),
            stream: version.to_owned(),
            file: file.to_owned(),
            token: None,
            last: VecDeque::new(),
            bytes: 0,
            is_denied: false,
        }
    }

    /// Where it is kept.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Reads one page of what is new, and shows its last line. A log that cannot be read ends no build: that is told, once.
    /// Says whether there may be more.
    pub async fn follow(
        &mut self,
        account: &AwsClients,
        tell: &mut (dyn FnMut(ProgressEvent) + Send),
    ) -> bool {
        if self.is_denied {
            return false;
        }
        match self.page(account).await {
            Ok(has_more) => {
                if let Some(line) = self.last.back().filter(|_| has_more) {
                    tell(ProgressEvent::Shows(line.clone()));
                }
                has_more
            }
            Err(error) => {
                self.is_denied = true;
                tell(ProgressEvent::Done {
                    what: "log".to_owned(),
                    detail: format!("not read: {}: {}", error.subject, error.problem),
                });
                false
            }
        }
    }

    /// Reads what is left of it.
    pub async fn read_rest(
        &mut self,
        account: &AwsClients,
        tell: &mut (dyn FnMut(ProgressEvent) + Send),
    ) {
        while self.follow(account, tell).await {}
    }

    /// Reads what is left of it, and tells its last lines.
    pub async fn tell_end(
        &mut self,
        account: &AwsClients,
        tell: &mut (dyn FnMut(ProgressEvent) + Send),
    ) {
        self.read_rest(account, tell).await;
        for line in self.last.drain(..) {
            tell(ProgressEvent::Done {
                what: "log".to_owned(),
                detail: line,
            });
        }
    }

    async fn page(&mut self, account: &AwsClients) -> Result<bool, AwsError> {
        let call = account
            .logs()
            .get_log_events()
            .log_group_name(&self.group)
            .log_stream_name(&self.stream)
            .start_from_head(true)
            .set_next_token(self.token.clone());
        let page = match call.send().await {
            Ok(page) => page,
            // The host has not written anything yet.
            Err(error) if is_missing(&error) => return Ok(false),
            Err(error) => return Err(refusal("logs:GetLogEvents", &error)),
        };
        let lines = page.events().iter().filter_map(|event| event.message());
        for line in lines.flat_map(str::lines) {
            self.keep(line);
        }
        // At the end of the log the token stays what it was.
        let token = page.next_forward_token().map(str::to_owned);
        let has_more = token != self.token && !page.events().is_empty();
        self.token = token;
        Ok(has_more)
    }

    fn keep(&mut self, line: &str) {
        let line = plain(line);
        self.bytes += line.len() as u64 + 1;
        if self.bytes <= MAX_BYTES {
            let file = fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(&self.file);
            // A log that cannot be written is no reason to end a build.
            let _ = file.and_then(|mut file| writeln!(file, "{line}"));
        }
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }
}
