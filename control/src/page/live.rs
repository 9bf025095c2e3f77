//! Server-sent events that say that something has changed; the page then asks for itself again.

use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::Response;
use axum::response::sse::Event;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::error::PageError;
use super::login::SignedIn;
use crate::control::Control;
use crate::database::Database;
use crate::events::{EventKind, FleetEvent, Heard, Subscription};
use crate::http::respond_with_events;

/// What belongs together is shown together: how long after an event a page of one host, or a list, is read again.
const HOST_PAUSE: Duration = Duration::from_millis(300);
const LIST_PAUSE: Duration = Duration::from_secs(1);
/// How often it is read again without any event: ages go on, and running tasks are counted by heartbeats.
const HOST_INTERVAL: Duration = Duration::from_secs(5);
const LIST_INTERVAL: Duration = Duration::from_secs(10);
/// How often it is looked whether the login still counts.
const LOGIN_INTERVAL: Duration = Duration::from_secs(3);

/// What a page depends on.
#[derive(Deserialize)]
pub struct Topic {
    /// A host's id; left out for the lists.
    host: Option<String>,
    /// Kinds of events, with commas in between.
    #[serde(default)]
    kinds: String,
}

impl Topic {
    fn concerns(&self, signed_in: &SignedIn, event: &FleetEvent) -> bool {
        let is_wanted = match &self.host {
            Some(host) => event.host.as_ref() == Some(host),
            None => self
                .kinds
                .split(',')
                .filter_map(EventKind::find)
                .any(|kind| kind == event.kind),
        };
        is_wanted && signed_in.may(event.kind.role())
    }

    const fn pace(&self) -> (Duration, Duration) {
        match self.host {
            Some(_) => (HOST_PAUSE, HOST_INTERVAL),
            None => (LIST_PAUSE, LIST_INTERVAL),
        }
    }
}

pub async fn stream(
    State(control): State<Control>,
    signed_in: SignedIn,
    Query(topic): Query<Topic>,
) -> Result<Response, PageError> {
    let watcher = control.events.enter(signed_in.key())?;
    let subscription = control.events.subscribe(&control).await?;
    let (send, receive) = mpsc::channel(1);
    let database = control.database.clone();
    tokio::spawn(async move {
        follow(&database, &signed_in, &topic, subscription, send).await;
        drop(watcher);
    });
    Ok(respond_with_events(receive))
}

/// Says that something has changed, until the page is closed, the login ends or the server stops.
async fn follow(
    database: &Database,
    signed_in: &SignedIn,
    topic: &Topic,
    mut subscription: Subscription,
    send: mpsc::Sender<Event>,
) {
    let (pause, interval) = topic.pace();
    let mut due = Instant::now() + interval;
    let mut looked = Instant::now();
    loop {
        let heard = tokio::select! {
            heard = subscription.next() => Some(heard),
            () = tokio::time::sleep_until(due) => None,
            () = send.closed() => return,
        };
        match heard {
            Some(Heard::Event(event)) if topic.concerns(signed_in, &event) => {
                due = due.min(Instant::now() + pause);
            }
            Some(Heard::Event(_)) => {}
            Some(Heard::Missed(_)) => due = due.min(Instant::now() + pause),
            Some(Heard::Stopping) => return,
            None => {
                due = Instant::now() + interval;
                // Without data, browsers do not say that there was an event. A page that has not taken the last one yet
                // reads everything with it.
                let event = Event::default().event("change").data("1");
                let _ = send.try_send(event);
            }
        }
        if looked.elapsed() >= LOGIN_INTERVAL {
            looked = Instant::now();
            // The browser comes back, and is asked to sign in.
            if matches!(signed_in.again(database).await, Ok(None)) {
                return;
            }
        }
    }
}
