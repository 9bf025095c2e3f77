//! The answer to a request.

use std::time::Duration;

use crate::metadata::Metadata;
use crate::tokens::Tokens;

/// A request, as far as the service looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    pub method: &'q str,
    pub path: &'q str,
    /// The header [`crate::TOKEN_HEADER`].
    pub token: Option<&'q str>,
    /// The header [`crate::TTL_HEADER`].
    pub ttl: Option<&'q str>,
    /// Whether it has the header [`crate::FORWARDED_HEADER`].
    pub is_forwarded: bool,
}

/// What the service answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// The life of the token in the body.
    pub token_life: Option<Duration>,
}

impl Answer {
    fn new(status: u16, body: &str) -> Self {
        Self {
            status,
            body: body.to_owned(),
            token_life: None,
        }
    }

    /// The value of [`crate::TTL_HEADER`] in the answer. It knows whole seconds, so that a shorter
    /// life is stated as one.
    #[must_use]
    pub fn ttl_header(&self) -> Option<String> {
        self.token_life
            .map(|life| life.as_secs().max(1).to_string())
    }
}

/// Answers as the service of an instance for which tokens are required.
#[must_use]
pub fn answer(question: Question<'_>, metadata: &Metadata, tokens: &mut Tokens) -> Answer {
    if question.path == "/latest/api/token" {
        return issue(question, tokens);
    }
    if !tokens.accepts(question.token) {
        return Answer::new(401, "Unauthorized\n");
    }
    if question.method != "GET" {
        return Answer::new(405, "Method Not Allowed\n");
    }
    match metadata.find(question.path) {
        Some(text) => Answer::new(200, &text),
        None => Answer::new(404, "Not Found\n"),
    }
}

fn issue(question: Question<'_>, tokens: &mut Tokens) -> Answer {
    if question.method != "PUT" {
        return Answer::new(405, "Method Not Allowed\n");
    }
    if question.is_forwarded {
        return Answer::new(403, "Forbidden\n");
    }
    match tokens.issue(question.ttl) {
        Some((token, life)) => Answer {
            token_life: Some(life),
            ..Answer::new(200, &token)
        },
        None => Answer::new(400, "Bad Request\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN_PATH: &str = "/latest/api/token";

    fn question<'q>(method: &'q str, path: &'q str) -> Question<'q> {
        Question {
            method,
            path,
            token: None,
            ttl: None,
            is_forwarded: false,
        }
    }

    #[test]
    fn values_need_a_token_that_is_alive() {
        let metadata = [("meta-data/instance-id", "i-1")].into_iter().collect();
        let mut tokens = Tokens::default();
        let asked = question("GET", "/latest/meta-data/instance-id");
        for token in [None, Some("another")] {
            let asked = Question { token, ..asked };
            assert_eq!(answer(asked, &metadata, &mut tokens).status, 401);
        }
        let put = Question {
            ttl: Some("60"),
            ..question("PUT", TOKEN_PATH)
        };
        let token = answer(put, &metadata, &mut tokens).body;
        let with_token = Question {
            token: Some(&token),
            ..asked
        };
        let found = answer(with_token, &metadata, &mut tokens);
        assert_eq!((found.status, found.body.as_str()), (200, "i-1"));
        tokens.revoke();
        assert_eq!(answer(with_token, &metadata, &mut tokens).status, 401);
    }

    #[test]
    fn a_token_is_issued_to_a_direct_request_that_states_a_life() {
        let (metadata, mut tokens) = (Metadata::default(), Tokens::default());
        let mut ask = |ttl, is_forwarded| {
            let asked = Question {
                ttl,
                is_forwarded,
                ..question("PUT", TOKEN_PATH)
            };
            answer(asked, &metadata, &mut tokens)
        };
        let issued = ask(Some("21600"), false);
        assert_eq!(issued.status, 200);
        assert_eq!(issued.ttl_header().as_deref(), Some("21600"));
        for ttl in [None, Some("0"), Some("21601"), Some("long")] {
            assert_eq!(ask(ttl, false).status, 400, "{ttl:?}");
        }
        assert_eq!(ask(Some("60"), true).status, 403);
        let got = answer(question("GET", TOKEN_PATH), &metadata, &mut tokens);
        assert_eq!(got.status, 405);
    }

    #[test]
    fn a_limited_life_is_stated_as_at_least_one_second() {
        let mut tokens = Tokens::default();
        tokens.limit_life(Duration::from_millis(300));
        let put = Question {
            ttl: Some("60"),
            ..question("PUT", TOKEN_PATH)
        };
        let issued = answer(put, &Metadata::default(), &mut tokens);
        assert_eq!(issued.token_life, Some(Duration::from_millis(300)));
        assert_eq!(issued.ttl_header().as_deref(), Some("1"));
    }
}
