//! The server's stream of events, from the command line.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::{Client, ClientError};

/// The server says something at least every 15 s. After so long without, the connection is taken for dead.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(45);
/// The most bytes of a line.
const MAX_LINE_BYTES: u64 = 1024 * 1024;
/// Events that wait to be looked at. The server notices by it that somebody is slow.
const MAX_WAITING: usize = 64;

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its name, such as `order`.
    pub event: String,
    pub id: String,
    pub data: Value,
}

/// What a stream says next.
#[derive(Debug)]
pub enum Next {
    Message(Message),
    /// Nothing within the time.
    Silence,
    /// The connection has ended.
    Ended,
}

/// What the connection says.
#[derive(Debug, PartialEq)]
enum Heard {
    Message(Message),
    /// The server lives.
    Alive,
}

/// An open stream.
pub struct Events {
    receive: Receiver<Heard>,
}

impl Events {
    /// Opens a stream, from the event with the id `last` on.
    pub fn open(client: &Client, query: &str, last: Option<&str>) -> Result<Self, ClientError> {
        let reader = client.open(&format!("/api/v1/events?{query}"), last)?;
        let (send, receive) = sync_channel(MAX_WAITING);
        // It ends with the connection, or when nobody receives any more.
        std::thread::spawn(move || read(reader, &send));
        Ok(Self { receive })
    }

    /// Waits for the next event, at most so long.
    pub fn next(&self, longest: Duration) -> Next {
        let began = Instant::now();
        loop {
            let left = longest.saturating_sub(began.elapsed());
            match self.receive.recv_timeout(left.min(SILENCE_TIMEOUT)) {
                Ok(Heard::Message(message)) => return Next::Message(message),
                Ok(Heard::Alive) => {}
                Err(RecvTimeoutError::Timeout) if left < SILENCE_TIMEOUT => return Next::Silence,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return Next::Ended;
                }
            }
        }
    }
}

fn read(reader: impl Read, send: &SyncSender<Heard>) {
    let mut reader = BufReader::new(reader);
    let mut parser = Parser::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line);
        if !matches!(read, Ok(count) if count > 0) || line.last() != Some(&b'\n') {
            return;
        }
        let text = String::from_utf8_lossy(&line);
        if let Some(heard) = parser.line(text.trim_end_matches(['\n', '\r']))
            && send.send(heard).is_err()
        {
            return;
        }
    }
}

/// Puts lines together (HTML standard, 9.2.6).
#[derive(Default)]
struct Parser {
    event: String,
    id: String,
    data: Vec<String>,
}

impl Parser {
    /// An event, or that the server lives; nothing in the middle of an event.
    fn line(&mut self, line: &str) -> Option<Heard> {
        if line.is_empty() {
            let data = std::mem::take(&mut self.data).join("\n");
            let event = std::mem::take(&mut self.event);
            if event.is_empty() {
                return Some(Heard::Alive);
            }
            return Some(Heard::Message(Message {
                event,
                id: self.id.clone(),
                data: serde_json::from_str(&data).unwrap_or(Value::String(data)),
            }));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "id" => value.clone_into(&mut self.id),
            "data" => self.data.push(value.to_owned()),
            // A comment has no field.
            "" => return Some(Heard::Alive),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_events_and_comments_say_that_the_server_lives() {
        let text = "event: order\nid: 1-2\nretry: 2000\ndata: {\"a\":\ndata: 1}\n\n: alive\n\nevent:host\ndata:x\r\n\ndata: cut off";
        let (send, receive) = sync_channel(16);
        read(text.as_bytes(), &send);
        drop(send);
        let heard: Vec<Heard> = receive.iter().collect();
        let message = |event: &str, data: Value| {
            Heard::Message(Message {
                event: event.to_owned(),
                id: "1-2".to_owned(),
                data,
            })
        };
        assert_eq!(
            heard,
            [
                message("order", serde_json::json!({ "a": 1 })),
                Heard::Alive,
                Heard::Alive,
                message("host", Value::String("x".to_owned())),
            ]
        );
    }
}
