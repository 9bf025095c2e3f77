//! Server-sent events that say that something has changed; the page then asks for itself again.

use std::convert::Infallible;
use std::sync::LazyLock;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::error::PageError;
use super::login::SignedIn;
use crate::control::Control;
use crate::database::Database;
use crate::problem::{Problem, ProblemKind};

/// Streams at a time. A page without one is read again by hand.
const MAX_STREAMS: usize = 256;
/// How often one host is looked at, and how often a list.
const HOST_INTERVAL: Duration = Duration::from_secs(1);
const LIST_INTERVAL: Duration = Duration::from_secs(3);
/// Load balancers cut what is silent for 60 s.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

static STREAMS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(MAX_STREAMS));

#[derive(Deserialize)]
pub struct Topic {
    /// A host's id; left out for the lists.
    host: Option<String>,
}

pub async fn stream(
    State(control): State<Control>,
    signed_in: SignedIn,
    Query(topic): Query<Topic>,
) -> Result<Response, PageError> {
    let place = STREAMS
        .try_acquire()
        .map_err(|_| Problem::from(ProblemKind::DatabaseUnavailable))?;
    let host = topic.host.map(|host| host.replace('\0', ""));
    let before = fingerprint(&control.database, host.as_deref()).await?;
    let events = stream::unfold(
        (control, signed_in, host, before, place),
        async |(control, signed_in, host, before, place)| {
            let now = changed(&control.database, &signed_in, host.as_deref(), &before).await?;
            // Without data, browsers do not say that there was an event.
            let event = Event::default().event("change").data("1");
            Some((
                Ok::<_, Infallible>(event),
                (control, signed_in, host, now, place),
            ))
        },
    );
    let response = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(response.into_response())
}

/// Waits for a change. None when the login has ended or the database does not answer: the browser comes back.
async fn changed(
    database: &Database,
    signed_in: &SignedIn,
    host: Option<&str>,
    before: &str,
) -> Option<String> {
    let interval = if host.is_some() {
        HOST_INTERVAL
    } else {
        LIST_INTERVAL
    };
    loop {
        tokio::time::sleep(interval).await;
        signed_in.again(database).await.ok()??;
        let now = fingerprint(database, host).await.ok()?;
        if now != before {
            return Some(now);
        }
    }
}

/// What changes when something does.
async fn fingerprint(database: &Database, host: Option<&str>) -> Result<String, Problem> {
    let client = database.client().await?;
    let row = match host {
        Some(host) => {
            let statement = client
                .prepare_cached(
                    "SELECT concat_ws(' ', (SELECT concat_ws(' ', state, seq, boot_id) FROM sandboxes WHERE instance_id = $1),
                        (SELECT concat_ws(' ', id, state, sent_at, acknowledged_at) FROM fleet_order
                         WHERE instance_id = $1 ORDER BY ordered_at DESC, id LIMIT 1))",
                )
                .await?;
            client.query_one(&statement, &[&host]).await?
        }
        None => {
            let statement = client
                .prepare_cached(
                    "SELECT concat_ws(' ', (SELECT concat_ws(' ', max(seen_at), count(*)) FROM pulse),
                        (SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE silence > 90)) FROM sandboxes WHERE gone_at IS NULL),
                        (SELECT max(greatest(ordered_at, sent_at, acknowledged_at, ended_at)) FROM fleet_order))",
                )
                .await?;
            client.query_one(&statement, &[]).await?
        }
    };
    Ok(row.get(0))
}
