//! Questions and answers in a file, without what tells whose account it is. A trace answers for the account later: on
//! another machine, without credentials, in a test.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::{Answer, Call, key};
use super::check::Caller;
use super::redact::Redactor;
use super::run::Source;

/// The version of the format.
const VERSION: u32 = 1;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    account: String,
    partition: String,
    calls: Vec<Entry>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    service: String,
    region: String,
    operation: String,
    input: Value,
    answer: EntryAnswer,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum EntryAnswer {
    Given(Value),
    Refused { code: String, message: String },
    Unreachable(String),
}

/// Why a file is no trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("it is not a trace of `preflight --record`: {0}")]
    Syntax(#[from] serde_json::Error),
    #[error("it is a trace of version {0}, and this valet-gen reads version {VERSION}")]
    Version(u32),
}

/// Asks another source, and keeps what it says.
pub struct Recording<'s> {
    source: &'s mut dyn Source,
    entries: Vec<Entry>,
}

impl<'s> Recording<'s> {
    #[must_use]
    pub fn of(source: &'s mut dyn Source) -> Self {
        Self {
            source,
            entries: Vec::new(),
        }
    }

    /// The trace, redacted. Ids that stand in fleet.toml are numbered first, so that a fleet.toml whose ids are redacted by
    /// itself fits the trace.
    ///
    /// # Errors
    /// Never in practice: everything in it is JSON.
    pub fn finish(self, caller: &Caller, fleet: &str) -> Result<String, serde_json::Error> {
        let document = Document {
            version: VERSION,
            account: caller.account.clone(),
            partition: caller.partition.clone(),
            calls: self.entries,
        };
        let mut redactor = Redactor::default();
        let _ = redactor.redact_ids(fleet);
        Ok(redactor.redact(&serde_json::to_string_pretty(&document)?) + "\n")
    }
}

impl Source for Recording<'_> {
    fn ask(&mut self, calls: &[Call]) -> Vec<Answer> {
        let answers = self.source.ask(calls);
        for (call, answer) in calls.iter().zip(&answers) {
            self.entries.push(Entry {
                service: call.service.to_owned(),
                region: call.region.clone(),
                operation: call.operation.to_owned(),
                input: call.input.clone(),
                answer: match answer.clone() {
                    Answer::Given(value) => EntryAnswer::Given(value),
                    Answer::Refused { code, message } => EntryAnswer::Refused { code, message },
                    Answer::Unreachable { problem } => EntryAnswer::Unreachable(problem),
                },
            });
        }
        answers
    }
}

/// What an account said once.
#[derive(Debug)]
pub struct Trace {
    pub caller: Caller,
    answers: BTreeMap<String, Answer>,
}

impl Trace {
    /// Reads what [`Recording::finish`] wrote.
    ///
    /// # Errors
    /// When the text is no trace, or one of another version.
    pub fn parse(text: &str) -> Result<Self, TraceError> {
        let document: Value = serde_json::from_str(text)?;
        let version = document
            .get("version")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        if version != u64::from(VERSION) {
            return Err(TraceError::Version(version as u32));
        }
        let Document {
            version: _,
            account,
            partition,
            calls,
        } = serde_json::from_value(document)?;
        let answers = calls.into_iter().map(|entry| {
            let key = key(
                &entry.service,
                &entry.region,
                &entry.operation,
                &entry.input,
            );
            let answer = match entry.answer {
                EntryAnswer::Given(value) => Answer::Given(value),
                EntryAnswer::Refused { code, message } => Answer::Refused { code, message },
                EntryAnswer::Unreachable(problem) => Answer::Unreachable { problem },
            };
            (key, answer)
        });
        Ok(Self {
            caller: Caller { account, partition },
            answers: answers.collect(),
        })
    }
}

impl Source for Trace {
    fn ask(&mut self, calls: &[Call]) -> Vec<Answer> {
        let answer = |call: &Call| {
            self.answers
                .get(&call.key())
                .cloned()
                .unwrap_or_else(|| Answer::Unreachable {
                    problem: "the trace has no answer to it".to_owned(),
                })
        };
        calls.iter().map(answer).collect()
    }
}
