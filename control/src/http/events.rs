//! What happens, as server-sent events.

#![allow(
    unused_qualifications,
    reason = "utoipa's macro repeats the names of parameters"
)]

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use super::auth::{Bearer, Viewer};
use super::body::Parameters;
use super::parameters::QueryText;
use super::problems::ReadProblems;
use crate::access::{self, Actor};
use crate::audit::AuditEntry;
use crate::control::Control;
use crate::events::{
    Cursor, EventKind, FindingEvent, FleetEvent, Heard, HostEvent, Subscription, Watcher,
};
use crate::orders::FleetOrder;
use crate::problem::{Problem, ProblemKind};
use crate::ranges::STREAM_SECONDS;
use crate::sessions::Session;
use crate::tokens;

/// Load balancers cut what is silent for 60 s, and clients know by it that the server lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often it is looked whether the token still counts.
const TOKEN_INTERVAL: Duration = Duration::from_secs(3);
/// How long a reader may take nothing at all.
const STALL_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a client waits before it comes back, in milliseconds.
const RETRY: Duration = Duration::from_secs(2);
/// Events between the feed and a connection.
const MAX_BUFFERED: usize = 16;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventParameters {
    /// Those that concern this host.
    #[param(value_type = Option<String>, max_length = 256)]
    host: Option<QueryText>,
    /// Those of these kinds, with commas in between: `host`, `order`, `session`, `finding`, `audit`. All that the role may
    /// be told when left out.
    #[param(value_type = Option<String>, max_length = 256)]
    kinds: Option<QueryText>,
    /// The stream ends after so many seconds. Left out: after a day, unless the client, the token or the server ends before.
    #[param(minimum = 1, maximum = 86400)]
    for_seconds: Option<u32>,
}

/// What the stream sends: `event` is the event's name, `data` its data in JSON. Each has an `id`: whoever comes back with it
/// in `Last-Event-ID` is told what was missed, by whichever replica, or gets a `reset`.
#[derive(Serialize, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "camelCase")]
#[allow(dead_code, reason = "it describes the stream")]
pub enum StreamEvent {
    /// What happens from now on is told. Read the lists now.
    Start(Start),
    /// What has happened before is not known here. Read the lists again.
    Reset(Reset),
    Host(HostEvent),
    Order(FleetOrder),
    Session(Session),
    Finding(FindingEvent),
    /// For the role admin.
    Audit(AuditEntry),
    /// The stream ends, and will not be served to this token again if its code is `token.refused`.
    End(End),
}

/// The stream begins, or goes on where the client was.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    /// Whether what was missed follows.
    is_resumed: bool,
}

/// Events were missed.
#[derive(Serialize, ToSchema)]
pub struct Reset {
    /// `unknown`: what follows the client's `Last-Event-ID` is not known any more, or is too much; `slow`: the client reads
    /// too slowly.
    reason: &'static str,
}

/// Why the stream ends.
#[derive(Serialize, ToSchema)]
pub struct End {
    /// `token.refused`, `server.stopping` or `time.over`.
    code: &'static str,
}

/// What happens, as server-sent events.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    params(
        EventParameters,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that the client was told.", max_length = 64)
    ),
    responses(
        (status = 200, description = "A stream that does not end. Every 15 s without an event there is a comment.", body = StreamEvent, content_type = "text/event-stream"),
        ReadProblems
    ),
    security(("token" = ["viewer"]))
)]
pub async fn stream(
    State(control): State<Control>,
    Viewer(actor): Viewer,
    Bearer(token): Bearer,
    Parameters(parameters): Parameters<EventParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = Filter::new(&parameters, &actor)?;
    let watcher = control.events.enter(tokens::hash(&token))?;
    let mut subscription = control.events.subscribe(&control).await?;
    let last = headers.get("last-event-id");
    let beginning = beginning(&control, &mut subscription, last).await?;
    let (send, receive) = mpsc::channel(MAX_BUFFERED);
    // Whoever reads nothing while nothing happens looks like everybody else.
    let seconds = parameters.for_seconds.unwrap_or(*STREAM_SECONDS.end());
    let carrier = Carrier {
        send,
        subscription,
        filter,
        deadline: Instant::now() + Duration::from_secs(seconds.into()),
        token,
        address: actor.address,
    };
    tokio::spawn(carrier.carry(control, beginning, watcher));
    Ok(respond(receive))
}

/// How a stream begins.
enum Beginning {
    Fresh,
    /// The client was here before, and missed this.
    Resumed(Vec<FleetEvent>),
    /// The client was here before, and what it missed is not known.
    Reset,
}

async fn beginning(
    control: &Control,
    subscription: &mut Subscription,
    last: Option<&HeaderValue>,
) -> Result<Beginning, Problem> {
    let Some(last) = last else {
        return Ok(Beginning::Fresh);
    };
    let missed = match last.to_str().ok().and_then(Cursor::parse) {
        Some(from) => subscription.resume(&control.database, from).await?,
        None => None,
    };
    Ok(missed.map_or(Beginning::Reset, Beginning::Resumed))
}

/// A response that sends what comes.
#[must_use]
pub fn respond(receive: mpsc::Receiver<Event>) -> Response {
    let events = stream::unfold(receive, async |mut receive| {
        let event = receive.recv().await?;
        Some((Ok::<_, Infallible>(event), receive))
    });
    let response = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // Proxies that collect responses are asked not to.
    ([("x-accel-buffering", "no")], response).into_response()
}

/// Whom an event concerns.
struct Filter {
    host: Option<String>,
    kinds: Vec<EventKind>,
}

impl Filter {
    fn new(parameters: &EventParameters, actor: &Actor) -> Result<Self, Problem> {
        let host = parameters.host.as_deref().map(str::to_owned);
        if !parameters
            .for_seconds
            .is_none_or(|seconds| STREAM_SECONDS.contains(&seconds))
        {
            let detail = format!("`forSeconds` is from 1 to {}", STREAM_SECONDS.end());
            return Err(Problem::new(ProblemKind::ValueOutOfRange, detail));
        }
        let kinds = match &parameters.kinds {
            Some(names) => names.split(',').map(kind).collect::<Result<_, _>>()?,
            None => EventKind::ALL.to_vec(),
        };
        // Whoever asks for what the role may not be told is not told, as in lists of all kinds.
        let may = |kind: &EventKind| actor.role >= kind.role();
        Ok(Self {
            host,
            kinds: kinds.into_iter().filter(may).collect(),
        })
    }

    fn passes(&self, event: &FleetEvent) -> bool {
        self.kinds.contains(&event.kind)
            && self
                .host
                .as_ref()
                .is_none_or(|host| event.host.as_ref() == Some(host))
    }
}

fn kind(name: &str) -> Result<EventKind, Problem> {
    EventKind::find(name.trim()).ok_or_else(|| {
        let detail = format!("`kinds` has no `{}`", name.escape_debug());
        Problem::new(ProblemKind::Malformed, detail)
    })
}

/// Carries events from the feed to one connection.
struct Carrier {
    send: mpsc::Sender<Event>,
    subscription: Subscription,
    filter: Filter,
    deadline: Instant,
    token: String,
    address: IpAddr,
}

/// The connection is gone, or takes nothing.
struct Gone;

impl Carrier {
    async fn carry(mut self, control: Control, beginning: Beginning, watcher: Watcher) {
        if self.begin(beginning).await.is_ok()
            && let Ok(code) = self.follow(&control).await
        {
            let id = self.subscription.cursor();
            let _ = self.send("end", id, &json(&End { code })).await;
        }
        // Its place is free when nothing is carried any more.
        drop(watcher);
    }

    /// What was missed, if somebody comes back.
    async fn begin(&mut self, beginning: Beginning) -> Result<(), Gone> {
        let id = self.subscription.cursor();
        match beginning {
            Beginning::Fresh => {
                self.send("start", id, &json(&Start { is_resumed: false }))
                    .await
            }
            Beginning::Reset => {
                let reset = Reset { reason: "unknown" };
                self.send("reset", id, &json(&reset)).await
            }
            Beginning::Resumed(events) => {
                // Without an id: what follows has not been told yet.
                let start = Event::default()
                    .event("start")
                    .retry(RETRY)
                    .data(json(&Start { is_resumed: true }));
                self.give(start).await?;
                for event in events {
                    self.tell(&event).await?;
                }
                Ok(())
            }
        }
    }

    /// Tells until something ends it, and says what.
    async fn follow(&mut self, control: &Control) -> Result<&'static str, Gone> {
        let mut looked = Instant::now();
        loop {
            let next_look = looked + TOKEN_INTERVAL;
            let heard = tokio::select! {
                heard = self.subscription.next() => Some(heard),
                () = tokio::time::sleep_until(next_look) => None,
                () = tokio::time::sleep_until(self.deadline) => return Ok("time.over"),
                () = self.send.closed() => return Err(Gone),
            };
            match heard {
                Some(Heard::Event(event)) => self.tell(&event).await?,
                Some(Heard::Missed(at)) => {
                    let reset = Reset { reason: "slow" };
                    self.send("reset", at, &json(&reset)).await?;
                }
                Some(Heard::Stopping) => return Ok("server.stopping"),
                None => {}
            }
            if looked.elapsed() >= TOKEN_INTERVAL {
                looked = Instant::now();
                let counts =
                    access::authenticate(&control.database, &self.token, self.address).await;
                if counts.is_err_and(|problem| problem.kind == ProblemKind::TokenRefused) {
                    return Ok("token.refused");
                }
            }
        }
    }

    async fn tell(&self, event: &FleetEvent) -> Result<(), Gone> {
        if self.filter.passes(event) {
            self.send(event.kind.as_str(), event.cursor, &event.json)
                .await?;
        }
        Ok(())
    }

    async fn send(&self, name: &str, id: Cursor, data: &str) -> Result<(), Gone> {
        let event = Event::default()
            .event(name)
            .id(id.to_string())
            .retry(RETRY)
            .data(data);
        self.give(event).await
    }

    async fn give(&self, event: Event) -> Result<(), Gone> {
        let given = self.send.send_timeout(event, STALL_TIMEOUT).await;
        given.map_err(|_| Gone)
    }
}

fn json(data: &impl Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default()
}
