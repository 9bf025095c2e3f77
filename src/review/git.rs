//! Reads fleets from commits, through `git`. No shell, and nothing that a ref is called can become an
//! option: names come after `--end-of-options`, and everything else is a commit's own digits.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::load::MAX_SOURCE_BYTES;

/// Why git did not give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct GitError {
    pub problem: String,
    pub help: String,
}

/// A folder of a repository.
pub struct Repository {
    folder: PathBuf,
}

/// Branches that may be the main one, the surest first.
const MAIN: [&str; 5] = [
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

impl Repository {
    /// The repository that a folder is in.
    ///
    /// # Errors
    /// When there is no git, or the folder is in no repository.
    pub fn of(folder: &Path) -> Result<Self, GitError> {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let repository = Self {
            folder: folder.to_owned(),
        };
        let output = repository.git(&["rev-parse", "--is-inside-work-tree"])?;
        if output.status.success() {
            return Ok(repository);
        }
        let shown = if folder == Path::new(".") {
            "the current folder".to_owned()
        } else {
            format!("the folder {}", folder.display())
        };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if said.contains("dubious ownership") {
            return Err(error(
                format!(
                    "{shown} belongs to another user, and git reads no repository of another user"
                ),
                "run `git config --global --add safe.directory` with the repository's folder",
            ));
        }
        Err(error(
            format!("{shown} is in no git repository"),
            "compare two files instead: `valet-gen diff OLD NEW`",
        ))
    }

    /// The full id of the commit that a name means.
    ///
    /// # Errors
    /// When there is no such commit.
    pub fn commit(&self, name: &str) -> Result<String, GitError> {
        self.find(name).ok_or_else(|| {
            let help = if self.is_shallow() {
                "the clone is shallow: fetch the whole history, in GitHub Actions with `fetch-depth: 0`"
            } else {
                "name a branch, a tag or a commit of this repository, or a file that exists"
            };
            error(format!("`{name}` is not a commit"), help)
        })
    }

    /// The commit at which the working tree left the main branch.
    ///
    /// # Errors
    /// When there is no main branch, or the history is not there.
    pub fn merge_base(&self) -> Result<String, GitError> {
        let main = MAIN.iter().find_map(|name| self.find(name)).ok_or_else(|| {
            error(
                "there is no main branch: none of origin/HEAD, origin/main, origin/master, main, master",
                "name what to compare with: `valet-gen diff COMMIT`",
            )
        })?;
        let head = self.find("HEAD").ok_or_else(|| {
            error(
                "there is no commit yet",
                "commit the fleet, or compare two files",
            )
        })?;
        let output = self.git(&["merge-base", "--end-of-options", &head, &main])?;
        let base = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && !base.is_empty() {
            return Ok(base);
        }
        Err(error(
            "the main branch and the one that is checked out have no commit in common",
            if self.is_shallow() {
                "the clone is shallow: fetch the whole history, in GitHub Actions with `fetch-depth: 0`"
            } else {
                "name what to compare with: `valet-gen diff COMMIT`"
            },
        ))
    }

    /// The text of a file of a commit, `None` where the commit has no such file.
    ///
    /// # Errors
    /// When it is larger than a fleet may be, or not UTF-8.
    pub fn read(&self, commit: &str, name: &str) -> Result<Option<String>, GitError> {
        let object = format!("{commit}:./{name}");
        let size = self.git(&["cat-file", "-s", &object])?;
        if !size.status.success() {
            return Ok(None);
        }
        let size: u64 = String::from_utf8_lossy(&size.stdout)
            .trim()
            .parse()
            .unwrap_or(u64::MAX);
        if size > MAX_SOURCE_BYTES {
            return Err(error(
                format!(
                    "{name} of {} is larger than {MAX_SOURCE_BYTES} bytes",
                    short(commit)
                ),
                "split the fleet: one file describes one fleet",
            ));
        }
        let blob = self.git(&["cat-file", "blob", &object])?;
        if !blob.status.success() {
            return Err(error(
                format!("{name} of {} is not a file", short(commit)),
                "name the fleet file with --fleet",
            ));
        }
        String::from_utf8(blob.stdout).map(Some).map_err(|_| {
            error(
                format!("{name} of {} is not UTF-8", short(commit)),
                "save the file as UTF-8",
            )
        })
    }

    /// The names of what the folder has at a commit; none where it was not there.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn names(&self, commit: &str) -> Result<Vec<String>, GitError> {
        let output = self.git(&["ls-tree", "-z", "--name-only", commit])?;
        let names = String::from_utf8_lossy(&output.stdout).into_owned();
        let names = names.split('\0').filter(|name| !name.is_empty());
        Ok(names.map(str::to_owned).collect())
    }

    fn find(&self, name: &str) -> Option<String> {
        let commit = format!("{name}^{{commit}}");
        let output = self
            .git(&[
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                &commit,
            ])
            .ok()?;
        let id = String::from_utf8(output.stdout)
            .ok()?
            .lines()
            .last()?
            .trim()
            .to_owned();
        let is_id = output.status.success()
            && id.len() >= 40
            && id.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_id.then_some(id)
    }

    fn is_shallow(&self) -> bool {
        let output = self.git(&["rev-parse", "--is-shallow-repository"]);
        output.is_ok_and(|output| output.stdout.starts_with(b"true"))
    }

    fn git(&self, arguments: &[&str]) -> Result<Output, GitError> {
        Command::new("git")
            .args(["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("LC_ALL", "C")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .stdin(std::process::Stdio::null())
            .output()
            .map_err(|problem| {
                error(
                    format!("git cannot be run: {problem}"),
                    "install git, or compare two files",
                )
            })
    }
}

/// The first digits of a commit's id.
#[must_use]
pub fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

fn error(problem: impl Into<String>, help: impl Into<String>) -> GitError {
    GitError {
        problem: problem.into(),
        help: help.into(),
    }
}
