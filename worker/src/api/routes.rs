//! What each request does.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::CONNECTION;
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode, Version};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use valet_protocol::local_api::{
    DrainRequest, Event, Lease, LeaseEnd, LeaseRequest, MAX_BODY_BYTES, RefusalReason, Registration,
};

use super::activity::Activity;
use super::leases::Connection;
use super::peers::Rights;
use super::responses::{ApiResponse, json, no_content, refusal, whole, with_body};
use super::sessions::Sessions;
use super::{prometheus, status};
use crate::drain::command::DrainCommand;
use crate::host::{Host, Shared};
use crate::state::{self, Deadline, DrainSource, HostState};

/// How long a body may take to arrive.
const BODY: Duration = Duration::from_secs(5);

/// How long who asks for a lease waits until Hatchet has been asked: such a question takes 5 s at the most.
const LOOK: Duration = Duration::from_secs(6);

/// The most characters of a cause.
const MAX_CAUSE_CHARS: usize = 256;

/// One connection's view of the API.
#[derive(Clone, Debug)]
pub struct Caller {
    pub host: Shared,
    pub sessions: Arc<Sessions>,
    pub rights: Rights,
    pub connection: Connection,
}

/// Answers a request.
pub async fn answer(
    caller: Caller,
    activity: &Activity,
    request: Request<Incoming>,
) -> ApiResponse {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let lease = path.strip_prefix("/v1/leases/");
    let result = match (&head.method, path) {
        (&Method::GET, "/v1/status") => Ok(json(StatusCode::OK, &status::status(&caller.host))),
        (&Method::GET, "/metrics") => {
            let text = caller.host.read(prometheus::text);
            Ok(whole(StatusCode::OK, prometheus::MEDIA_TYPE, text))
        }
        (&Method::GET, "/v1/events") => {
            activity.streams();
            Ok(events(&caller.host))
        }
        (&Method::POST, "/v1/runtime") => register(&caller, body).await,
        (&Method::POST, "/v1/leases") if closes(&head) => Err((
            RefusalReason::Malformed,
            "a lease ends with its connection, which this request closes: send no `Connection: close`, \
             and speak HTTP/1.1"
                .to_owned(),
        )),
        (&Method::POST, "/v1/leases") => take(&caller, body).await,
        (&Method::GET, _) if lease.is_some() => is_valid(&caller, lease.unwrap_or_default()).await,
        (&Method::DELETE, _) if lease.is_some() => {
            give_back(&caller, lease.unwrap_or_default(), body).await
        }
        (&Method::POST, "/v1/drain") => drain(&caller, body).await,
        (&Method::POST, "/v1/resume") => resume(&caller).await,
        (
            _,
            "/v1/status" | "/metrics" | "/v1/events" | "/v1/runtime" | "/v1/leases" | "/v1/drain"
            | "/v1/resume",
        ) => Err((
            RefusalReason::MethodNotAllowed,
            format!("{path} does not support {}", head.method),
        )),
        _ if lease.is_some() => Err((
            RefusalReason::MethodNotAllowed,
            "a lease supports GET and DELETE only".to_owned(),
        )),
        _ => Err((RefusalReason::NotFound, "no such endpoint".to_owned())),
    };
    result.unwrap_or_else(|(reason, message)| refusal(reason, message))
}

/// Whether the connection ends with the response.
fn closes(head: &Parts) -> bool {
    let values = head.headers.get_all(CONNECTION).iter();
    let mut options = values.filter_map(|value| value.to_str().ok());
    head.version == Version::HTTP_10
        || options.any(|options| {
            let mut options = options.split(',');
            options.any(|option| option.trim().eq_ignore_ascii_case("close"))
        })
}

type RouteResult = Result<ApiResponse, (RefusalReason, String)>;

async fn register(caller: &Caller, body: Incoming) -> RouteResult {
    runtime_only(caller)?;
    let registration: Registration = read(body).await?;
    caller.sessions.register(registration)?;
    Ok(json(StatusCode::OK, &status::status(&caller.host)))
}

async fn take(caller: &Caller, body: Incoming) -> RouteResult {
    runtime_only(caller)?;
    let request: LeaseRequest = read_or_default(body).await?;
    let id = caller.sessions.lease(caller.connection, request)?;
    Ok(json(StatusCode::CREATED, &Lease { id }))
}

async fn give_back(caller: &Caller, id: &str, body: Incoming) -> RouteResult {
    runtime_only(caller)?;
    let end: LeaseEnd = read_or_default(body).await?;
    if caller.sessions.give_back(id, end.outcome) {
        Ok(no_content())
    } else {
        let message = "no such lease: it was released, or its connection closed";
        Err((RefusalReason::NotFound, message.to_owned()))
    }
}

/// The question before something that cannot be undone: is this lease still mine? Where nobody can say, the answer is not
/// yes.
async fn is_valid(caller: &Caller, id: &str) -> RouteResult {
    runtime_only(caller)?;
    let host = &caller.host;
    // An idle host looks rarely, and once more as soon as a task begins. One that knows that it is cut off keeps nobody
    // waiting: the runtime has one connection for all its tasks.
    let is_known = host.wait_until(|current| {
        let hatchet = &current.hatchet;
        hatchet.doubt().is_none() || hatchet.connection == state::Connection::Disconnected
    });
    let _ = tokio::time::timeout(LOOK, is_known).await;
    if !caller.sessions.is_valid(id) {
        let message = "no such lease: abort the task, another worker may run it";
        return Err((RefusalReason::NotFound, message.to_owned()));
    }
    match host.read(|current| current.hatchet.doubt()) {
        None => Ok(no_content()),
        Some(doubt) => Err((
            RefusalReason::Reassigned,
            format!(
                "{doubt} and may have given the task to another worker: do nothing that cannot be undone, and ask again \
                 or fail the task retryably"
            ),
        )),
    }
}

async fn drain(caller: &Caller, body: Incoming) -> RouteResult {
    operator_only(caller)?;
    let request: DrainRequest = read_or_default(body).await?;
    let cause = request
        .cause
        .unwrap_or_else(|| "an operator's order".to_owned());
    if cause.chars().count() > MAX_CAUSE_CHARS {
        let message = format!("the cause has more than {MAX_CAUSE_CHARS} characters");
        return Err((RefusalReason::Malformed, message));
    }
    let seconds = request
        .within_seconds
        .map(|seconds| Duration::from_secs(seconds.into()));
    let order = DrainCommand::Drain {
        source: DrainSource::Operator,
        cause,
        deadline: seconds.map(Deadline::within),
    };
    caller.host.send_command(order).await;
    let taken = |current: &HostState| {
        let drain = current.drain.as_ref();
        drain.is_some_and(|drain| drain.causes.contains_key(&DrainSource::Operator))
    };
    settled(&caller.host, taken).await;
    Ok(json(StatusCode::ACCEPTED, &status::status(&caller.host)))
}

async fn resume(caller: &Caller) -> RouteResult {
    operator_only(caller)?;
    let remaining = caller.host.read(|current| {
        let drain = current.drain.as_ref()?;
        let mut others = drain
            .causes
            .iter()
            .filter(|(source, _)| !source.resumable());
        others.next().map(|(_, cause)| cause.clone())
    });
    let cause = "an operator's order".to_owned();
    caller
        .host
        .send_command(DrainCommand::Resume { cause })
        .await;
    if let Some(cause) = remaining {
        let message = format!("the host keeps draining: {cause}. This cause cannot be resumed");
        return Err((RefusalReason::NotResumable, message));
    }
    settled(&caller.host, |current| current.drain.is_none()).await;
    Ok(json(StatusCode::ACCEPTED, &status::status(&caller.host)))
}

/// Waits a moment for a command to show in the state, so that the response reflects it.
async fn settled(host: &Host, so: impl FnMut(&HostState) -> bool) {
    let _ = tokio::time::timeout(Duration::from_secs(1), host.wait_until(so)).await;
}

/// A line at once, and one whenever it would be another.
fn events(host: &Shared) -> ApiResponse {
    let start = Follower {
        current: host.subscribe(),
        host: host.clone(),
        last: None,
    };
    let lines = stream::unfold(start, |mut follower| async move {
        let line = follower.next().await?;
        Some((Ok(Frame::data(line)), follower))
    });
    with_body(
        StatusCode::OK,
        "application/x-ndjson",
        StreamBody::new(lines).boxed(),
    )
}

struct Follower {
    host: Shared,
    current: watch::Receiver<HostState>,
    last: Option<Event>,
}

impl Follower {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let event = status::event(&self.current.borrow_and_update());
            if self.last.as_ref() != Some(&event) {
                let mut line = serde_json::to_vec(&event).ok()?;
                line.push(b'\n');
                self.last = Some(event);
                return Some(line.into());
            }
            tokio::select! {
                changed = self.current.changed() => changed.ok()?,
                () = self.host.ending().cancelled() => return None,
            }
        }
    }
}

fn runtime_only(caller: &Caller) -> Result<(), (RefusalReason, String)> {
    if caller.rights.runtime {
        return Ok(());
    }
    let message = format!(
        "only the user {} may call this endpoint",
        caller.host.config.runtime.user
    );
    Err((RefusalReason::Forbidden, message))
}

fn operator_only(caller: &Caller) -> Result<(), (RefusalReason, String)> {
    if caller.rights.operator {
        return Ok(());
    }
    let group = &caller.host.config.api.operators_group;
    Err((
        RefusalReason::Forbidden,
        format!("only root and the group {group} may call this endpoint"),
    ))
}

async fn read<T: DeserializeOwned>(body: Incoming) -> Result<T, (RefusalReason, String)> {
    parse(&collect(body).await?)
}

async fn read_or_default<T: DeserializeOwned + Default>(
    body: Incoming,
) -> Result<T, (RefusalReason, String)> {
    let text = collect(body).await?;
    if text.is_empty() {
        return Ok(T::default());
    }
    parse(&text)
}

fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, (RefusalReason, String)> {
    serde_json::from_slice(text).map_err(|error| {
        (
            RefusalReason::Malformed,
            format!("the request body is invalid: {error}"),
        )
    })
}

async fn collect(body: Incoming) -> Result<Bytes, (RefusalReason, String)> {
    let collected = tokio::time::timeout(BODY, Limited::new(body, MAX_BODY_BYTES).collect()).await;
    match collected {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err((
            RefusalReason::TooLarge,
            format!("the request body is larger than {MAX_BODY_BYTES} bytes"),
        )),
        Ok(Err(error)) => Err((
            RefusalReason::Malformed,
            format!("the request body is incomplete: {error}"),
        )),
        Err(_) => Err((
            RefusalReason::Malformed,
            format!(
                "the request body did not arrive within {} s",
                BODY.as_secs()
            ),
        )),
    }
}
