//! The answer to a request.

use std::time::Duration;

use crate::metadata::Metadata;
use crate::tokens::Tokens;

/// A request, as far as the service looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'q> {
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
pub struct Response {
    pub status: u16,
    pub body: String,
    /// The life of the token in the body.
    pub token_ttl: Option<Duration>,
}

impl Response {
    fn new(status: u16, body: &str) -> Self {
        Self {
            status,
            body: body.to_owned(),
            token_ttl: None,
        }
    }

    /// The value of [`crate::TTL_HEADER`] in the answer. It knows whole seconds, so that a shorter
    /// life is stated as one.
    #[must_use]
    pub fn ttl_header(&self) -> Option<String> {
        self.token_ttl.map(|life| life.as_secs().max(1).to_string())
    }
}

/// Answers as the service of an instance for which tokens are required.
#[must_use]
pub fn respond(request: Request<'_>, metadata: &Metadata, tokens: &mut Tokens) -> Response {
    if request.path == "/latest/api/token" {
        return issue(request, tokens);
    }
    if !tokens.accepts(request.token) {
        return Response::new(401, "Unauthorized\n");
    }
    if request.method != "GET" {
        return Response::new(405, "Method Not Allowed\n");
    }
    match metadata.find(request.path) {
        Some(text) => Response::new(200, &text),
        None => Response::new(404, "Not Found\n"),
    }
}

fn issue(request: Request<'_>, tokens: &mut Tokens) -> Response {
    if request.method != "PUT" {
        return Response::new(405, "Method Not Allowed\n");
    }
    if request.is_forwarded {
        return Response::new(403, "Forbidden\n");
    }
    match tokens.issue(request.ttl) {
        Some((token, life)) => Response {
            token_ttl: Some(life),
            ..Response::new(200, &token)
        },
        None => Response::new(400, "Bad Request\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN_PATH: &str = "/latest/api/token";

    fn request<'q>(method: &'q str, path: &'q str) -> Request<'q> {
        Request {
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
        let asked = request("GET", "/latest/meta-data/instance-id");
        for token in [None, Some("another")] {
            let asked = Request { token, ..asked };
            assert_eq!(respond(asked, &metadata, &mut tokens).status, 401);
        }
        let put = Request {
            ttl: Some("60"),
            ..request("PUT", TOKEN_PATH)
        };
        let token = respond(put, &metadata, &mut tokens).body;
        let with_token = Request {
            token: Some(&token),
            ..asked
        };
        let found = respond(with_token, &metadata, &mut tokens);
        assert_eq!((found.status, found.body.as_str()), (200, "i-1"));
        tokens.revoke();
        assert_eq!(respond(with_token, &metadata, &mut tokens).status, 401);
    }

    #[test]
    fn a_token_is_issued_to_a_direct_request_that_states_a_life() {
        let (metadata, mut tokens) = (Metadata::default(), Tokens::default());
        let mut ask = |ttl, is_forwarded| {
            let asked = Request {
                ttl,
                is_forwarded,
                ..request("PUT", TOKEN_PATH)
            };
            respond(asked, &metadata, &mut tokens)
        };
        let issued = ask(Some("21600"), false);
        assert_eq!(issued.status, 200);
        assert_eq!(issued.ttl_header().as_deref(), Some("21600"));
        for ttl in [None, Some("0"), Some("21601"), Some("long")] {
            assert_eq!(ask(ttl, false).status, 400, "{ttl:?}");
        }
        assert_eq!(ask(Some("60"), true).status, 403);
        let got = respond(request("GET", TOKEN_PATH), &metadata, &mut tokens);
        assert_eq!(got.status, 405);
    }

    #[test]
    fn a_limited_life_is_stated_as_at_least_one_second() {
        let mut tokens = Tokens::default();
        tokens.limit_ttl(Duration::from_millis(300));
        let put = Request {
            ttl: Some("60"),
            ..request("PUT", TOKEN_PATH)
        };
        let issued = respond(put, &Metadata::default(), &mut tokens);
        assert_eq!(issued.token_ttl, Some(Duration::from_millis(300)));
        assert_eq!(issued.ttl_header().as_deref(), Some("1"));
    }
}
