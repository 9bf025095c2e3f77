//! A fake of GitHub's API for comments on issues. For each behaviour it says where it is from:
//!
//! - docs: "REST API endpoints for issue comments", "Using pagination in the REST API", "Rate limits for the
//!   REST API", "Troubleshooting the REST API"
//! - guess: nobody promises it, and it is what the real one was seen to do by others

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use serde_json::{Value, json};
use tiny_http::{Header, Method, Request, Response, Server};

/// The token that it takes.
pub const TOKEN: &str = "ghs_good";

/// Who the token belongs to. Guess: the login of the token of a workflow.
pub const BOT: &str = "github-actions[bot]";

/// The longest comment, in characters. Guess, from the error message of many reports.
const LONGEST: usize = 65_536;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeComment {
    pub id: u64,
    pub login: String,
    pub body: String,
}

/// An answer instead of the usual one, to the first request that matches.
pub struct Fault {
    pub method: &'static str,
    pub status: u16,
    pub message: &'static str,
    /// Seconds in the header `retry-after`. Docs: both rate limits may have one.
    pub retry_after: Option<u64>,
    /// How often it is answered.
    pub times: usize,
}

/// Something that somebody else does right before a request is answered.
pub type Meanwhile = Box<dyn FnMut(&mut State, &str) + Send>;

#[derive(Default)]
pub struct State {
    pub comments: Vec<FakeComment>,
    /// Method and path of each request.
    pub requests: Vec<String>,
    pub faults: Vec<Fault>,
    pub meanwhile: Option<Meanwhile>,
    /// The login that writes, where it is another one.
    pub login: Option<String>,
    next_id: u64,
}

impl State {
    /// Adds a comment, as somebody writes one. Guess: ids grow with time.
    pub fn add(&mut self, login: &str, body: &str) -> u64 {
        self.next_id += 1;
        self.comments.push(FakeComment {
            id: self.next_id,
            login: login.to_owned(),
            body: body.to_owned(),
        });
        self.next_id
    }
}

pub struct FakeGithub {
    server: Arc<Server>,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeGithub {
    pub fn start() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").expect("a port"));
        let state = Arc::new(Mutex::new(State::default()));
        let (listening, shared) = (Arc::clone(&server), Arc::clone(&state));
        let thread = std::thread::spawn(move || {
            for request in listening.incoming_requests() {
                answer(request, &shared);
            }
        });
        Self {
            server,
            state,
            thread: Some(thread),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.server_addr())
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panicked in it")
    }

    pub fn bodies(&self) -> Vec<String> {
        let state = self.state();
        state.comments.iter().map(|one| one.body.clone()).collect()
    }

    /// How many requests begin so.
    pub fn count(&self, begin: &str) -> usize {
        let state = self.state();
        let requests = state.requests.iter();
        requests.filter(|one| one.starts_with(begin)).count()
    }
}

impl Drop for FakeGithub {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Reply {
    status: u16,
    body: Value,
    headers: Vec<(&'static str, String)>,
}

fn reply(status: u16, body: Value) -> Reply {
    Reply {
        status,
        body,
        headers: Vec::new(),
    }
}

fn answer(mut request: Request, state: &Mutex<State>) {
    let mut text = String::new();
    let _ = request.as_reader().read_to_string(&mut text);
    let mut state = state.lock().expect("no test panicked in it");
    let line = format!("{} {}", request.method(), request.url());
    state.requests.push(line.clone());
    if let Some(mut meanwhile) = state.meanwhile.take() {
        meanwhile(&mut state, &line);
        state.meanwhile.get_or_insert(meanwhile);
    }
    let reply = refusal(&request, &mut state).unwrap_or_else(|| serve(&request, &text, &mut state));
    let mut response = Response::from_string(reply.body.to_string()).with_status_code(reply.status);
    for (name, value) in reply.headers {
        response.add_header(Header::from_bytes(name, value).expect("a header"));
    }
    let _ = request.respond(response);
}

fn refusal(request: &Request, state: &mut State) -> Option<Reply> {
    let authorized = request.headers().iter().any(|header| {
        header.field.equiv("authorization") && header.value.as_str() == format!("Bearer {TOKEN}")
    });
    if !authorized {
        // Docs: 401 with this message.
        return Some(reply(401, json!({ "message": "Bad credentials" })));
    }
    let method = request.method().to_string();
    let fault = state
        .faults
        .iter_mut()
        .find(|fault| fault.method == method && fault.times > 0)?;
    fault.times -= 1;
    let mut refused = reply(fault.status, json!({ "message": fault.message }));
    if let Some(seconds) = fault.retry_after {
        refused.headers.push(("retry-after", seconds.to_string()));
    }
    Some(refused)
}

fn serve(request: &Request, text: &str, state: &mut State) -> Reply {
    let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let body = || {
        let body: Value = serde_json::from_str(text).expect("JSON");
        body["body"].as_str().expect("a text").to_owned()
    };
    match (request.method(), parts.as_slice()) {
        (Method::Get, ["repos", "o", "r", "issues", "7", "comments"]) => list(query, state),
        (Method::Post, ["repos", "o", "r", "issues", "7", "comments"]) => {
            let body = body();
            if body.chars().count() > LONGEST {
                return too_long();
            }
            let login = state.login.clone().unwrap_or_else(|| BOT.to_owned());
            let id = state.add(&login, &body);
            reply(201, shown(state.comments.last().expect("added"), id))
        }
        (method, ["repos", "o", "r", "issues", "comments", id]) => {
            let id: u64 = id.parse().expect("a number");
            let Some(index) = state.comments.iter().position(|one| one.id == id) else {
                return not_found();
            };
            match method {
                Method::Get => reply(200, shown(&state.comments[index], id)),
                Method::Patch => {
                    let body = body();
                    if body.chars().count() > LONGEST {
                        return too_long();
                    }
                    state.comments[index].body = body;
                    reply(200, shown(&state.comments[index], id))
                }
                Method::Delete => {
                    state.comments.remove(index);
                    reply(204, Value::Null)
                }
                _ => not_found(),
            }
        }
        _ => not_found(),
    }
}

/// Docs: 30 comments a page, 100 at the most, and a header `link` with the next page while there is one.
fn list(query: &str, state: &State) -> Reply {
    let number = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .filter(|(key, _)| *key == name)
            .find_map(|(_, value)| value.parse::<usize>().ok())
    };
    let size = number("per_page").unwrap_or(30).min(100);
    let page = number("page").unwrap_or(1);
    let found: Vec<Value> = state
        .comments
        .iter()
        .skip((page - 1) * size)
        .take(size)
        .map(|one| shown(one, one.id))
        .collect();
    let mut listed = reply(200, Value::Array(found));
    if state.comments.len() > page * size {
        let link = format!(
            "<https://api.github.com/repositories/1/issues/7/comments?per_page={size}&page={}>; rel=\"next\"",
            page + 1
        );
        listed.headers.push(("link", link));
    }
    listed
}

fn shown(comment: &FakeComment, id: u64) -> Value {
    json!({
        "id": id,
        "body": comment.body,
        "user": { "login": comment.login },
        "html_url": format!("https://github.com/o/r/pull/7#issuecomment-{id}"),
    })
}

/// Docs: what a token does not see is not found.
fn not_found() -> Reply {
    reply(404, json!({ "message": "Not Found" }))
}

/// Guess, from reports of those who ran into it.
fn too_long() -> Reply {
    reply(
        422,
        json!({ "message": "Validation Failed", "errors": [{ "message": "Body is too long (maximum is 65536 characters)" }] }),
    )
}
