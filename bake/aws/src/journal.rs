//! The journal of a bake: one line of JSON for everything that changes something in AWS, before it is
//! asked for and after it is answered.
//!
//! An intent is on the disk before its call is sent, so whoever reads the journal knows all that may
//! exist. A bake goes on without it as well: everything in it can be found in AWS again.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bake_id::BakeId;

/// The largest journal that is read, in bytes. A bake writes some 10 kB.
const SIZE_LIMIT: u64 = 4 * 1024 * 1024;

/// What a bake began with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Start {
    pub fleet: String,
    pub environment: String,
    pub region: String,
    pub source_ami: String,
    pub config_sha256: String,
    pub bundle_sha256: String,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Entry {
    /// A run begins.
    Start {
        at: jiff::Timestamp,
        #[serde(flatten)]
        start: Start,
    },
    /// A call is about to be sent.
    Intent {
        at: jiff::Timestamp,
        call: String,
        /// What tells it from other calls of this name: a region, an ARN, a name.
        subject: String,
    },
    /// A call was answered.
    Outcome {
        at: jiff::Timestamp,
        call: String,
        subject: String,
        answer: Value,
    },
    /// The bake, or what cleaned up after it, has ended.
    End { at: jiff::Timestamp, result: Value },
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("{path}: {error}", path = path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{path}, line {line}: {problem}", path = path.display())]
    Line {
        path: PathBuf,
        line: usize,
        problem: String,
    },
}

/// The journal of one bake, open for more lines.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Where the journal of a bake is.
    #[must_use]
    pub fn path(folder: &Path, id: &BakeId) -> PathBuf {
        folder.join(format!("{id}.jsonl"))
    }

    /// Reads the journal of a bake. `None` where there is none: another machine may have begun it.
    ///
    /// # Errors
    /// When it cannot be read, or a line before the last is no entry. The last line may be half of one: the
    /// process may have been killed while it was written.
    pub fn read(folder: &Path, id: &BakeId) -> Result<Option<Vec<Entry>>, JournalError> {
        let path = Self::path(folder, id);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(JournalError::Io { path, error }),
        };
        let mut entries = Vec::new();
        let mut broken: Option<(usize, String)> = None;
        for (index, line) in BufReader::new(file.take(SIZE_LIMIT))
            .split(b'\n')
            .enumerate()
        {
            let line = line.map_err(|error| JournalError::Io {
                path: path.clone(),
                error,
            })?;
            if let Some((line, problem)) = broken {
                return Err(JournalError::Line {
                    path,
                    line,
                    problem,
                });
            }
            match serde_json::from_slice(&line) {
                Ok(entry) => entries.push(entry),
                Err(error) => broken = Some((index + 1, error.to_string())),
            }
        }
        Ok(Some(entries))
    }

    /// Opens the journal of a bake, makes it where there is none, and says that a run begins.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn open(folder: &Path, id: &BakeId, start: &Start) -> Result<Self, JournalError> {
        let path = Self::path(folder, id);
        let opened = std::fs::create_dir_all(folder).and_then(|()| {
            let mut file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .open(&path)?;
            end_last_line(&mut file)?;
            // The file's own name has to be on the disk as well.
            File::open(folder)?.sync_all()?;
            Ok(file)
        });
        let file = opened.map_err(|error| JournalError::Io {
            path: path.clone(),
            error,
        })?;
        let mut journal = Self { path, file };
        journal.append(&Entry::Start {
            at: jiff::Timestamp::now(),
            start: start.clone(),
        })?;
        Ok(journal)
    }

    /// Says that a call is about to be sent. It is on the disk when this returns.
    ///
    /// # Errors
    /// When the line cannot be written: the call must not be sent then.
    pub fn intent(&mut self, call: &str, subject: &str) -> Result<(), JournalError> {
        self.append(&Entry::Intent {
            at: jiff::Timestamp::now(),
            call: call.to_owned(),
            subject: subject.to_owned(),
        })
    }

    /// Says what was answered.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn outcome(
        &mut self,
        call: &str,
        subject: &str,
        answer: Value,
    ) -> Result<(), JournalError> {
        self.append(&Entry::Outcome {
            at: jiff::Timestamp::now(),
            call: call.to_owned(),
            subject: subject.to_owned(),
            answer,
        })
    }

    /// Says how it ended.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn end(&mut self, result: Value) -> Result<(), JournalError> {
        self.append(&Entry::End {
            at: jiff::Timestamp::now(),
            result,
        })
    }

    fn append(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let mut line = serde_json::to_vec(entry).unwrap_or_default();
        line.push(b'\n');
        let written = self.file.write_all(&line);
        written
            .and_then(|()| self.file.sync_data())
            .map_err(|error| JournalError::Io {
                path: self.path.clone(),
                error,
            })
    }
}

/// Takes away half of a line that a killed process left, so that the next line is one of its own.
fn end_last_line(file: &mut File) -> io::Result<()> {
    let mut bytes = Vec::new();
    file.take(SIZE_LIMIT).read_to_end(&mut bytes)?;
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |it| it + 1);
    if whole < bytes.len() {
        file.set_len(whole as u64)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id() -> BakeId {
        BakeId::parse("valet-production-x86_64-0123456789abcdef").expect("an id")
    }

    fn start() -> Start {
        Start {
            fleet: "valet".to_owned(),
            environment: "production".to_owned(),
            region: "us-east-1".to_owned(),
            source_ami: "ami-01234567".to_owned(),
            config_sha256: "c".repeat(64),
            bundle_sha256: "b".repeat(64),
        }
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(Journal::read(folder.path(), &id()).expect("none").is_none());
        let mut journal = Journal::open(folder.path(), &id(), &start()).expect("opened");
        journal.intent("CreateImage", "us-east-1").expect("written");
        journal
            .outcome("CreateImage", "us-east-1", json!({ "arn": "x" }))
            .expect("written");
        let entries = Journal::read(folder.path(), &id())
            .expect("read")
            .expect("there");
        assert_eq!(entries.len(), 3);
        assert!(matches!(&entries[0], Entry::Start { start: found, .. } if *found == start()));
        assert!(matches!(&entries[1], Entry::Intent { call, .. } if call == "CreateImage"));
    }

    #[test]
    fn half_of_a_last_line_is_left_out_and_another_run_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(Journal::open(folder.path(), &id(), &start()).expect("opened"));
        let path = Journal::path(folder.path(), &id());
        let mut text = std::fs::read_to_string(&path).expect("text");
        text.push_str("{\"event\":\"int");
        std::fs::write(&path, &text).expect("written");
        assert_eq!(
            Journal::read(folder.path(), &id())
                .expect("read")
                .expect("there")
                .len(),
            1
        );
        drop(Journal::open(folder.path(), &id(), &start()).expect("opened again"));
        assert_eq!(
            Journal::read(folder.path(), &id())
                .expect("read")
                .expect("there")
                .len(),
            2
        );
    }

    #[test]
    fn a_line_in_the_middle_that_is_none_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(Journal::open(folder.path(), &id(), &start()).expect("opened"));
        let path = Journal::path(folder.path(), &id());
        let text = std::fs::read_to_string(&path).expect("text");
        std::fs::write(&path, format!("no json\n{text}")).expect("written");
        let error = Journal::read(folder.path(), &id())
            .expect_err("refused")
            .to_string();
        assert!(error.contains("line 1: "), "{error}");
    }
}
