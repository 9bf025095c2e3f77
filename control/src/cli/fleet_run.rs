//! Runs the commands that ask a server for what AWS does.

use serde_json::{Map, json};

use super::client_arguments::OrderArguments;
use super::client_run::{give, segment, show};
use super::fleet_arguments::FleetCommand;
use super::fleet_tables;
use super::run::CommandError;
use super::watch::Topic;

pub fn run(command: FleetCommand) -> Result<(), CommandError> {
    match command {
        FleetCommand::Hold { order, client } => {
            let mut body = Map::new();
            body.insert("forSeconds".to_owned(), json!(order.for_seconds));
            if let Some(seconds) = order.within_seconds {
                body.insert("withinSeconds".to_owned(), json!(seconds));
            }
            // It stands until its time is over, so that nobody waits for its end here.
            let order = OrderArguments {
                host: order.host,
                reason: order.reason,
                expires_seconds: None,
                watch: false,
            };
            give(&client, "hold", &order, body)
        }
        FleetCommand::Decommission { order, client } => {
            let mut body = Map::new();
            body.insert("replace".to_owned(), json!(order.replace));
            if let Some(seconds) = order.within_seconds {
                body.insert("withinSeconds".to_owned(), json!(seconds));
            }
            let order = OrderArguments {
                host: order.host,
                reason: order.reason,
                expires_seconds: None,
                watch: order.watch,
            };
            give(&client, "decommission", &order, body)
        }
        FleetCommand::Fleets { watch, client } => show(
            &client,
            watch.of(Topic::of("host,finding")),
            fleet_tables::fleets,
            |client| client.get("/api/v1/fleets"),
        ),
        FleetCommand::Capacity {
            fleet,
            desired,
            reason,
            client,
        } => {
            let path = format!("/api/v1/fleets/{}/capacity", segment(&fleet));
            let body = json!({ "desired": desired, "reason": reason });
            show(&client, None, fleet_tables::capacity, |client| {
                client.post(&path, &body)
            })
        }
        FleetCommand::Findings { watch, client } => show(
            &client,
            watch.of(Topic::of("finding")),
            fleet_tables::findings,
            |client| client.get("/api/v1/findings"),
        ),
        FleetCommand::Release {
            host,
            group,
            seconds,
            reason,
            client,
        } => {
            let target = match group {
                Some(group) => json!({ "group": group }),
                None => json!({ "host": host }),
            };
            let mut body = json!({ "target": target, "reason": reason });
            if let Some(seconds) = seconds {
                body["seconds"] = json!(seconds);
            }
            show(&client, None, fleet_tables::released, |client| {
                client.post("/api/v1/releases", &body)
            })
        }
    }
}
