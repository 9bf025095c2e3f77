//! `--watch`: when it is time to ask again.

use std::time::{Duration, Instant};

use url::form_urlencoded::Serializer;

use super::client::Client;
use super::stream::{Events, Next};

/// How often it is asked without any event: ages go on.
const INTERVAL: Duration = Duration::from_secs(10);
/// How often it is asked while there is no stream: a server before this release has none.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// What belongs together is shown together.
const SETTLING: Duration = Duration::from_millis(200);
const MAX_SETTLING: Duration = Duration::from_secs(1);

/// What a command follows.
#[derive(Clone, Debug, Default)]
pub struct Topic {
    /// Kinds of events, with commas in between.
    pub kinds: &'static str,
    /// Only those of this host.
    pub host: Option<String>,
}

impl Topic {
    /// Those of these kinds.
    pub const fn of(kinds: &'static str) -> Self {
        Self { kinds, host: None }
    }
}

/// Waits for what a command follows.
pub struct Watch<'a> {
    client: &'a Client,
    query: String,
    events: Option<Events>,
    tried: Option<Instant>,
}

impl<'a> Watch<'a> {
    pub fn new(client: &'a Client, topic: &Topic) -> Self {
        let mut query = Serializer::new(String::new());
        query.append_pair("kinds", topic.kinds);
        if let Some(host) = &topic.host {
            query.append_pair("host", host);
        }
        Self {
            client,
            query: query.finish(),
            events: None,
            tried: None,
        }
    }

    /// Waits until something may have changed.
    pub fn wait(&mut self) {
        if self.events.is_none() && self.tried.is_none_or(|last| last.elapsed() > INTERVAL) {
            self.tried = Some(Instant::now());
            self.events = Events::open(self.client, &self.query, None).ok();
            if self.events.is_some() {
                // Something may have changed before the server listened.
                return;
            }
        }
        let Some(events) = &self.events else {
            pause(POLL_INTERVAL);
            return;
        };
        match events.next(INTERVAL) {
            Next::Message(message) if message.event != "end" => settle(events),
            Next::Silence => {}
            Next::Message(_) | Next::Ended => {
                self.events = None;
                pause(SETTLING);
            }
        }
    }
}

/// Waits until nothing more comes at once.
fn settle(events: &Events) {
    let began = Instant::now();
    while began.elapsed() < MAX_SETTLING && matches!(events.next(SETTLING), Next::Message(_)) {}
}

/// Waits for so long.
pub fn pause(time: Duration) {
    tokio::runtime::Handle::current().block_on(tokio::time::sleep(time));
}
