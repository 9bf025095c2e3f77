//! Runs the commands that ask a server.

use std::io::IsTerminal as _;

use serde_json::{Value, json};
use url::form_urlencoded::{Serializer, byte_serialize};

use super::client::{Client, ClientError};
use super::client_arguments::{
    ClientArguments, ClientCommand, DrainingArguments, KeyCommand, OutputFormat, RestartOf,
};
use super::run::{CommandError, print};
use super::watch::{Topic, Watch};
use super::{events_run, fleet_run, tables};

/// The most hosts that the API gives at a time.
const PAGE: usize = 1000;

/// What an answer is, for its table.
pub(super) type ToTable = fn(&Value) -> String;

#[expect(clippy::too_many_lines, reason = "it is a table")]
pub fn run(command: ClientCommand) -> Result<(), CommandError> {
    match command {
        ClientCommand::Hosts {
            group,
            state,
            search,
            gone,
            watch,
            client,
        } => {
            let query = query(&[
                ("group", group),
                ("state", state),
                ("search", search),
                ("gone", gone.then(|| "true".to_owned())),
                ("limit", Some(PAGE.to_string())),
            ]);
            let topic = watch.of(Topic::of("host,order,session"));
            show(&client, topic, tables::hosts, |client| {
                every_host(client, &query)
            })
        }
        ClientCommand::Host { id, watch, client } => {
            let path = format!("/api/v1/sandboxes/{}", segment(&id));
            let topic = watch.of(Topic {
                kinds: "host,order,session,finding",
                host: Some(id),
            });
            show(&client, topic, tables::host, |client| client.get(&path))
        }
        ClientCommand::Drain { order, client } => {
            let body = draining(&order);
            give(
                &client,
                "drain",
                &order.order.host,
                &body,
                order.order.watch,
            )
        }
        ClientCommand::Resume { order, client } => {
            let body = json!({ "reason": order.reason, "expiresSeconds": order.expires_seconds });
            give(&client, "resume", &order.host, &body, order.watch)
        }
        ClientCommand::Restart { order, of, client } => {
            let mut body = draining(&order);
            body["of"] = match of {
                RestartOf::Runtime => json!("runtime"),
                RestartOf::Services => json!("services"),
            };
            give(
                &client,
                "restart",
                &order.order.host,
                &body,
                order.order.watch,
            )
        }
        ClientCommand::Fleet(command) => fleet_run::run(command),
        ClientCommand::Orders {
            id: Some(id),
            watch,
            client,
            ..
        } if watch.watch => follow(&Client::new(&client.server)?, client.output.format, &id),
        ClientCommand::Orders {
            id,
            host,
            standing,
            watch,
            client,
        } => {
            let path = match id {
                Some(id) => format!("/api/v1/orders/{}", segment(&id)),
                None => format!(
                    "/api/v1/orders?{}",
                    query(&[
                        ("host", host),
                        ("standing", standing.then(|| "true".to_owned()))
                    ])
                ),
            };
            show(
                &client,
                watch.of(Topic::of("order")),
                tables::orders,
                |client| client.get(&path),
            )
        }
        ClientCommand::Cancel { id, reason, client } => {
            let path = format!("/api/v1/orders/{}/cancel", segment(&id));
            change(&client, tables::orders, &path, &json!({ "reason": reason }))
        }
        ClientCommand::Audit {
            target,
            limit,
            watch,
            client,
        } => {
            let query = query(&[("target", target), ("limit", Some(limit.to_string()))]);
            let path = format!("/api/v1/audit?{query}");
            show(
                &client,
                watch.of(Topic::of("audit")),
                tables::audit,
                |client| client.get(&path),
            )
        }
        ClientCommand::Sessions {
            host,
            running,
            limit,
            watch,
            client,
        } => {
            let topic = watch.of(Topic {
                kinds: "session",
                host: host.clone(),
            });
            let query = query(&[
                ("host", host),
                ("running", running.then(|| "true".to_owned())),
                ("limit", Some(limit.to_string())),
            ]);
            let path = format!("/api/v1/sessions?{query}");
            show(&client, topic, tables::sessions, |client| client.get(&path))
        }
        ClientCommand::Events(arguments) => events_run::run(&arguments),
        ClientCommand::Keys { command } => keys(command),
    }
}

fn keys(command: KeyCommand) -> Result<(), CommandError> {
    const PATH: &str = "/api/v1/worker-keys";
    match command {
        KeyCommand::List { client } => show(&client, None, tables::keys, |client| client.get(PATH)),
        KeyCommand::Add { reason, client } => {
            let added: ToTable = |value| {
                let value = value["value"].as_str().unwrap_or_default();
                format!("{value}\n")
            };
            change(&client, added, PATH, &json!({ "reason": reason }))
        }
        KeyCommand::Retire {
            id,
            after_seconds,
            reason,
            client,
        } => {
            let path = format!("{PATH}/{}/retire", segment(&id));
            let body = json!({ "afterSeconds": after_seconds, "reason": reason });
            change(&client, tables::keys, &path, &body)
        }
    }
}

/// What the server is told of a drain, with which a restart begins too.
fn draining(arguments: &DrainingArguments) -> Value {
    let order = &arguments.order;
    json!({
        "reason": order.reason, "expiresSeconds": order.expires_seconds, "withinSeconds": arguments.within_seconds,
    })
}

/// Gives an order, and follows it if that is asked for.
pub(super) fn give(
    arguments: &ClientArguments,
    verb: &str,
    host: &str,
    body: &Value,
    is_followed: bool,
) -> Result<(), CommandError> {
    let client = Client::new(&arguments.server)?;
    let path = format!("/api/v1/sandboxes/{}/{verb}", segment(host));
    let given = client.post(&path, body)?;
    if is_followed {
        return follow(
            &client,
            arguments.output.format,
            given["id"].as_str().unwrap_or_default(),
        );
    }
    print(&text(
        &given,
        arguments.output.format,
        tables::orders,
        false,
    ))
}

/// Prints an order whenever it has changed, until it has come to its end.
fn follow(client: &Client, format: OutputFormat, id: &str) -> Result<(), CommandError> {
    let path = format!("/api/v1/orders/{}", segment(id));
    let mut watch = Watch::new(client, &Topic::of("order"));
    let mut before = Value::Null;
    loop {
        let order = client.get(&path)?;
        if order != before {
            let table = text(&order, format, tables::orders, true);
            // The head of the table once.
            let is_row = format == OutputFormat::Table && !before.is_null();
            let rows = table.split_once('\n').map_or("", |(_, rows)| rows);
            print(if is_row { rows } else { &table })?;
        }
        match order["state"].as_str().unwrap_or_default() {
            "pending" | "accepted" => {}
            "done" => return Ok(()),
            state => {
                return Err(ClientError::NotDone {
                    id: id.to_owned(),
                    state: state.to_owned(),
                }
                .into());
            }
        }
        before = order;
        watch.wait();
    }
}

/// Every page of hosts in one list.
fn every_host(client: &Client, query: &str) -> Result<Value, ClientError> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().and_then(|host| host["id"].as_str());
        let after = after.map_or_else(String::new, |id| format!("&after={}", segment(id)));
        let Value::Array(page) = client.get(&format!("/api/v1/sandboxes?{query}{after}"))? else {
            return Ok(Value::Array(all));
        };
        let is_last = page.len() < PAGE;
        all.extend(page);
        if is_last {
            return Ok(Value::Array(all));
        }
    }
}

/// Asks and prints; again and again if a topic is followed.
pub(super) fn show(
    arguments: &ClientArguments,
    topic: Option<Topic>,
    to_table: ToTable,
    ask: impl Fn(&Client) -> Result<Value, ClientError>,
) -> Result<(), CommandError> {
    let client = Client::new(&arguments.server)?;
    let format = arguments.output.format;
    let clears =
        topic.is_some() && format == OutputFormat::Table && std::io::stdout().is_terminal();
    let mut watch = topic.map(|topic| Watch::new(&client, &topic));
    let mut before = String::new();
    loop {
        let printed = text(&ask(&client)?, format, to_table, watch.is_some());
        if printed != before {
            print(if clears { "\u{1b}[H\u{1b}[2J" } else { "" })?;
            print(&printed)?;
        }
        let Some(watch) = &mut watch else {
            return Ok(());
        };
        before = printed;
        watch.wait();
    }
}

/// Asks for a change, and prints what became of it.
pub(super) fn change(
    arguments: &ClientArguments,
    to_table: ToTable,
    path: &str,
    body: &Value,
) -> Result<(), CommandError> {
    show(arguments, None, to_table, |client| client.post(path, body))
}

fn text(value: &Value, format: OutputFormat, to_table: ToTable, is_line: bool) -> String {
    match format {
        OutputFormat::Table => to_table(value),
        OutputFormat::Json if is_line => format!("{value}\n"),
        OutputFormat::Json => format!("{value:#}\n"),
    }
}

fn query(parameters: &[(&str, Option<String>)]) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

/// A part of a path. A space is `%20` there, and not `+`.
pub(super) fn segment(text: &str) -> String {
    byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}
