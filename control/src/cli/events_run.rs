//! `valet-control events`

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::client::{Client, ClientError};
use super::client_arguments::{EventsArguments, OutputFormat};
use super::run::{CommandError, print};
use super::stream::{Events, Message, Next};
use super::tables::plain;
use super::watch::pause;
use crate::problem::{Problem, ProblemKind};

/// How long to wait before the server is asked again, at first and at the most.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(15);
/// Between two looks whether there is something.
const LOOK: Duration = Duration::from_mins(1);

/// Prints what happens, until Ctrl-C or the end of the token. What happens while the connection is broken is told
/// afterwards, or a line says that it is not known.
pub fn run(arguments: &EventsArguments) -> Result<(), CommandError> {
    let client = Client::new(&arguments.client.server)?;
    let format = arguments.client.output.format;
    let began = Instant::now();
    let mut last: Option<String> = None;
    let mut next_pause = MIN_PAUSE;
    loop {
        let left = seconds_left(arguments.for_seconds, began.elapsed());
        // At first the server says what it thinks of none.
        if left == Some(0) && last.is_some() {
            return Ok(());
        }
        match Events::open(&client, &query(arguments, left), last.as_deref()) {
            Ok(events) => {
                next_pause = MIN_PAUSE;
                if follow(&events, format, left.is_some(), &mut last)? {
                    return Ok(());
                }
            }
            // It was there before: it comes back.
            Err(error @ (ClientError::NoAnswer { .. } | ClientError::NotTheApi { .. }))
                if last.is_some() =>
            {
                let _ = print_error(&error);
                next_pause = (next_pause * 2).min(MAX_PAUSE);
            }
            Err(error) => return Err(error.into()),
        }
        pause(next_pause);
    }
}

/// What is left of so many seconds after this time: a connection that breaks does not begin them anew.
fn seconds_left(seconds: Option<u32>, after: Duration) -> Option<u64> {
    seconds.map(|seconds| u64::from(seconds).saturating_sub(after.as_secs()))
}

fn query(arguments: &EventsArguments, seconds: Option<u64>) -> String {
    let mut query = Serializer::new(String::new());
    if let Some(host) = &arguments.host {
        query.append_pair("host", host);
    }
    if let Some(kinds) = &arguments.kinds {
        query.append_pair("kinds", kinds);
    }
    if let Some(seconds) = seconds {
        query.append_pair("forSeconds", &seconds.to_string());
    }
    query.finish()
}

fn print_error(error: &ClientError) -> std::io::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "{error}")
}

/// Prints until the connection ends. Whether that is the end of it: `is_bounded` says that it was to end some time.
fn follow(
    events: &Events,
    format: OutputFormat,
    is_bounded: bool,
    last: &mut Option<String>,
) -> Result<bool, CommandError> {
    loop {
        let message = match events.next(LOOK) {
            Next::Message(message) => message,
            Next::Silence => continue,
            Next::Ended => return Ok(false),
        };
        if message.event == "end" {
            return match message.data["code"].as_str() {
                // A server ends each stream after a day.
                Some("time.over") => Ok(is_bounded),
                Some("token.refused") => Err(Problem::from(ProblemKind::TokenRefused).into()),
                _ => Ok(false),
            };
        }
        if !message.id.is_empty() {
            *last = Some(message.id.clone());
        }
        match format {
            OutputFormat::Json => {
                let line =
                    json!({ "event": message.event, "id": message.id, "data": message.data });
                print(&format!("{line}\n"))?;
            }
            OutputFormat::Table if message.event == "start" => {}
            OutputFormat::Table => print(&format!("{}\n", line(&message)))?,
        }
    }
}

/// An event in one line.
fn line(message: &Message) -> String {
    let data = &message.data;
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    let after = |separator: &str, text: String| {
        if text.is_empty() {
            text
        } else {
            format!("{separator}{text}")
        }
    };
    let words = match message.event.as_str() {
        "host" => format!(
            "{} is {}{}",
            text("id"),
            text("state"),
            after(": ", text("cause"))
        ),
        "order" => format!(
            "{} {} of {}: {}{}",
            text("action"),
            text("id"),
            text("instanceId"),
            text("state"),
            after(", ", text("detail"))
        ),
        "session" => {
            let outcome = match text("outcome") {
                outcome if outcome.is_empty() => "runs".to_owned(),
                outcome => outcome,
            };
            let task = match text("task") {
                task if task.is_empty() => text("id"),
                task => task,
            };
            format!("{task} on {}: {outcome}", text("instanceId"))
        }
        "finding" => {
            let over = if data["isOver"] == Value::Bool(true) {
                "over: "
            } else {
                ""
            };
            format!(
                "{over}{}: {}: {}",
                text("title"),
                text("subject"),
                text("detail")
            )
        }
        "audit" => format!(
            "{} {} {} by {}{}",
            text("outcome"),
            text("action"),
            text("target"),
            text("actor"),
            after(": ", text("reason"))
        ),
        "reset" => "what happened before is not known: look at the lists again".to_owned(),
        _ => data.to_string(),
    };
    let time = jiff::Timestamp::now().strftime("%H:%M:%SZ");
    plain(&format!("{time}  {:<8} {words}", message.event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_is_opened_again_has_what_is_left_of_its_seconds() {
        let after = |seconds| seconds_left(Some(10), Duration::from_millis(seconds));
        assert_eq!(
            [after(0), after(3_900), after(60_000)],
            [Some(10), Some(7), Some(0)]
        );
        assert_eq!(seconds_left(None, Duration::from_secs(5)), None);
    }
}
