//! Runs the commands that ask a server for what AWS does.

use serde_json::json;

use super::client_run::{change, give, segment, show};
use super::fleet_arguments::FleetCommand;
use super::fleet_tables;
use super::run::CommandError;
use super::watch::Topic;

pub fn run(command: FleetCommand) -> Result<(), CommandError> {
    match command {
        // It stands until its time is over, so that nobody waits for its end here.
        FleetCommand::Hold { order, client } => {
            let body = json!({
                "reason": order.reason, "forSeconds": order.for_seconds, "withinSeconds": order.within_seconds,
            });
            give(&client, "hold", &order.host, &body, false)
        }
        FleetCommand::Decommission { order, client } => {
            let body = json!({
                "reason": order.reason, "replace": order.replace, "withinSeconds": order.within_seconds,
            });
            give(&client, "decommission", &order.host, &body, order.watch)
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
            change(&client, fleet_tables::capacity, &path, &body)
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
            let body = json!({ "target": target, "reason": reason, "seconds": seconds });
            change(&client, fleet_tables::released, "/api/v1/releases", &body)
        }
    }
}
