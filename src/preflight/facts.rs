//! What is known of the account. A check that needs an answer which is not there yet says so and stops; once it is there,
//! the check runs again from its start. So checks are plain functions, and all that they wait for is asked at once.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

use super::call::{Answer, Call};

/// Why a check has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// An answer is waited for.
    Pending,
    /// An answer is needed and cannot be got.
    NotKnown(NotKnown),
}

/// A question without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotKnown {
    /// As IAM names it.
    pub action: String,
    pub problem: String,
    /// Whether AWS says that whoever asks may not ask this.
    pub is_denied: bool,
}

/// The answers so far, and the questions that wait.
#[derive(Debug, Default)]
pub struct Facts {
    answers: BTreeMap<String, Answer>,
    wanted: RefCell<BTreeMap<String, Call>>,
}

impl Facts {
    /// The answer to a question, whatever it is.
    ///
    /// # Errors
    /// When it is not there yet.
    pub fn answer(&self, call: Call) -> Result<&Answer, Stop> {
        let key = call.key();
        if let Some(answer) = self.answers.get(&key) {
            return Ok(answer);
        }
        self.wanted.borrow_mut().insert(key, call);
        Err(Stop::Pending)
    }

    /// Says that an answer will be needed, so that it is asked for together with others.
    pub fn want(&self, call: Call) {
        let _ = self.answer(call);
    }

    /// What AWS answers.
    ///
    /// # Errors
    /// When it is not there yet, or AWS refuses.
    pub fn get(&self, call: Call) -> Result<&Value, Stop> {
        let action = call.action();
        match self.answer(call)? {
            Answer::Given(value) => Ok(value),
            refused => Err(Stop::NotKnown(not_known(action, refused))),
        }
    }

    /// What AWS answers; `None` where it says that there is no such thing.
    ///
    /// # Errors
    /// When it is not there yet, or AWS refuses for another reason.
    pub fn find(&self, call: Call) -> Result<Option<&Value>, Stop> {
        let action = call.action();
        match self.answer(call)? {
            Answer::Given(value) => Ok(Some(value)),
            Answer::Refused { code, .. } if is_missing(code) => Ok(None),
            refused => Err(Stop::NotKnown(not_known(action, refused))),
        }
    }

    pub fn add(&mut self, key: String, answer: Answer) {
        self.answers.insert(key, answer);
    }

    /// The questions that wait, which nobody waits for afterwards.
    pub fn take_wanted(&mut self) -> Vec<Call> {
        let wanted = std::mem::take(self.wanted.get_mut());
        let unanswered = wanted
            .into_iter()
            .filter(|(key, _)| !self.answers.contains_key(key));
        unanswered.map(|(_, call)| call).collect()
    }
}

/// Why an answer is none.
#[must_use]
pub fn not_known(action: String, answer: &Answer) -> NotKnown {
    let (problem, is_denied) = match answer {
        Answer::Given(_) => ("it answered what it should not have".to_owned(), false),
        Answer::Refused { code, message } => (format!("{code}: {message}"), is_denial(code)),
        Answer::Unreachable { problem } => (problem.clone(), false),
    };
    NotKnown {
        action,
        problem,
        is_denied,
    }
}

/// Whether a code says that there is no such thing.
#[must_use]
pub fn is_missing(code: &str) -> bool {
    code.contains("NotFound") || code.starts_with("NoSuch") || code == "InvalidDocument"
}

/// Whether a code says that whoever asks may not.
#[must_use]
pub fn is_denial(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "AccessDeniedException"
            | "AuthFailure"
            | "AuthorizationError"
            | "Blocked"
            | "Forbidden"
            | "OptInRequired"
            | "PendingVerification"
            | "UnauthorizedOperation"
    )
}
