//! A client of the stream of events, which reads what the server sends byte by byte.

use axum::body::Bytes;
use axum::http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::support::Api;

/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

/// An event as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub event: String,
    pub id: String,
    pub data: Value,
}

/// An open stream.
pub struct EventStream {
    body: Incoming,
    text: String,
    /// Comments so far.
    pub comments: usize,
}

impl EventStream {
    /// Opens a stream.
    pub async fn open(api: &Api, token: &str, query: &str, last: Option<&str>) -> Self {
        Self::try_open(api, token, query, last)
            .await
            .unwrap_or_else(|(status, body)| panic!("{status}: {body}"))
    }

    /// The same; the status and the problem where it is refused.
    pub async fn try_open(
        api: &Api,
        token: &str,
        query: &str,
        last: Option<&str>,
    ) -> Result<Self, (u16, Value)> {
        let stream = TcpStream::connect(api.address).await.expect("it listens");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .expect("it speaks HTTP");
        tokio::spawn(connection);
        let mut request = Request::get(format!("/api/v1/events?{query}"))
            .header("host", api.address.to_string())
            .header("authorization", format!("Bearer {token}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Empty::<Bytes>::new()).expect("a request");
        let response = sender.send_request(request).await.expect("an answer");
        let status = response.status().as_u16();
        if status != 200 {
            let body = response.into_body().collect().await.expect("a body");
            let body = serde_json::from_slice(&body.to_bytes()).expect("JSON");
            return Err((status, body));
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Ok(Self {
            body: response.into_body(),
            text: String::new(),
            comments: 0,
        })
    }

    /// The next event; nothing when the stream has ended.
    pub async fn next(&mut self) -> Option<Told> {
        // The comments of a stream that has nothing to tell are no event.
        let end = Instant::now() + LIMIT;
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let told = told(block);
                self.text = rest.to_owned();
                match told {
                    Some(told) => return Some(told),
                    None => self.comments += 1,
                }
            }
            let frame = tokio::time::timeout_at(end, self.body.frame())
                .await
                .expect("an event is sent");
            let data = frame?.ok()?.into_data().ok()?;
            self.text
                .push_str(std::str::from_utf8(&data).expect("UTF-8"));
        }
    }

    /// The next event of this name.
    pub async fn until(&mut self, event: &str) -> Told {
        loop {
            let told = self.next().await.expect("the stream goes on");
            if told.event == event {
                return told;
            }
        }
    }
}

fn told(block: &str) -> Option<Told> {
    let field = |name: &str| {
        let lines = block.lines().filter_map(|line| line.strip_prefix(name));
        lines
            .map(|line| line.trim_start_matches(' '))
            .collect::<Vec<_>>()
    };
    let data = field("data:").join("\n");
    Some(Told {
        event: (*field("event:").first()?).to_owned(),
        id: field("id:").first().copied().unwrap_or_default().to_owned(),
        data: serde_json::from_str(&data).expect("JSON"),
    })
}

/// The kind of an event, and the state or the outcome that it tells.
pub fn brief(told: &Told) -> (String, String) {
    let state = ["state", "outcome"]
        .iter()
        .find_map(|name| told.data[name].as_str());
    (told.event.clone(), state.unwrap_or_default().to_owned())
}
