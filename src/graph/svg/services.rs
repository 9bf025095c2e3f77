//! The services of the region, what alarms lead to, and who is outside.

use super::canvas::{Anchor, ArrowHeads, Canvas, Rect};
use super::layout::{Layout, SERVICE_HEIGHT};
use super::measure::{truncate, truncate_list, width};
use crate::graph::labels;
use crate::resolve::Environment;

pub fn draw(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    links(canvas, layout, environment);
    systems_manager(canvas, layout, environment);
    reached(canvas, layout, environment);
    alarms(canvas, layout, environment);
    outside(canvas, layout, environment);
}

const SYSTEMS_MANAGER: i32 = 0;
const SECRETS_MANAGER: i32 = 1;
const CLOUD_WATCH: i32 = 2;
const S3: i32 = 3;

/// By which way the workers reach a service.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Endpoint,
    /// Its public name, over NAT or the routes of an existing VPC.
    Internet,
    None,
}

fn way(environment: &Environment, endpoint: &str) -> Way {
    let Some(created) = &environment.network.created else {
        return Way::Internet;
    };
    let mut endpoints = created
        .interface_endpoints
        .iter()
        .chain(&created.gateway_endpoints);
    if endpoints.any(|name| name == endpoint) {
        Way::Endpoint
    } else if created.has_nat {
        Way::Internet
    } else {
        Way::None
    }
}

/// From the subnets down to each service. Systems Manager answers over the connections that the
/// agent opened, hence both heads.
fn links(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    let from = layout.endpoints.unwrap_or(layout.group).bottom();
    let has_secrets = !environment.secrets.secrets.is_empty();
    let services = [
        (SYSTEMS_MANAGER, "ssmmessages", ArrowHeads::Both),
        (SECRETS_MANAGER, "secretsmanager", ArrowHeads::End),
        (CLOUD_WATCH, "monitoring", ArrowHeads::End),
    ];
    for (column, endpoint, heads) in services {
        let area = layout.service(column, layout.services_top);
        let way = way(environment, endpoint);
        let is_used = column != SECRETS_MANAGER || has_secrets;
        if way != Way::None && is_used {
            let points = [(area.middle_x(), from), (area.middle_x(), area.y)];
            canvas.path(way == Way::Internet, heads, &points);
        }
    }
    gateway_endpoints(canvas, layout, environment);
}

/// Gateway endpoints belong to the route tables, so their way starts at the subnet.
fn gateway_endpoints(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    let area = layout.service(S3, layout.services_top);
    let x = area.middle_x();
    let way = way(environment, "s3");
    if way != Way::None {
        let inset = if environment.network.created.is_some() {
            8
        } else {
            0
        };
        let points = [(x, layout.zone_bottom - inset), (x, area.y)];
        canvas.path(way == Way::Internet, ArrowHeads::End, &points);
    }
    let created = environment.network.created.iter();
    let names: Vec<String> = created
        .flat_map(|created| created.gateway_endpoints.iter().cloned())
        .collect();
    if !names.is_empty() {
        let kind = if names.len() == 1 {
            "endpoint"
        } else {
            "endpoints"
        };
        let label = format!("Gateway {kind} {}", names.join(", "));
        let width = width(&label, 12, false) + 28;
        let pill = Rect {
            x: (x - width / 2).min(layout.vpc.right() - 16 - width),
            y: layout.vpc.bottom() - 13,
            width,
            height: 26,
        };
        canvas.pill("gateway", pill, &label);
    }
}

/// One card as high as two: its parts are what sessions, healing and secrets go through.
fn systems_manager(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    let first = layout.service(SYSTEMS_MANAGER, layout.services_top);
    let area = Rect {
        height: layout.alarms_top + SERVICE_HEIGHT - first.y,
        ..first
    };
    canvas.card("card", area, "Systems Manager", &[]);
    // The shorter word: in the widest of the system fonts "parameters" does not fit.
    let parameters = labels::quantity(environment.secrets.parameters.len(), "name");
    let parts = [
        ("Parameter Store", parameters.as_str()),
        ("Run Command", "heal"),
        ("Session Manager", "sessions"),
    ];
    for (index, (name, note)) in parts.into_iter().enumerate() {
        let part = part(area, index as i32);
        canvas.rectangle("inset", part, 5);
        canvas.text("", Anchor::Start, part.x + 10, part.y + 21, name);
        canvas.text("note", Anchor::End, part.right() - 10, part.y + 21, note);
    }
}

/// The parts fill the card below its heading.
fn part(card: Rect, index: i32) -> Rect {
    Rect {
        x: card.x + 8,
        y: card.y + 36 + index * 41,
        width: card.width - 16,
        height: 33,
    }
}

fn reached(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    let secrets = environment.secrets.secrets.len();
    let records = if environment.access.log_to_s3 {
        "session records, packages"
    } else {
        "packages"
    };
    let cards = [
        (
            SECRETS_MANAGER,
            "Secrets Manager",
            labels::quantity(secrets, "secret"),
            "secretsmanager",
        ),
        (
            CLOUD_WATCH,
            "CloudWatch",
            "metrics, logs, dashboard".to_owned(),
            "monitoring",
        ),
        (S3, "S3", records.to_owned(), "s3"),
    ];
    for (column, name, note, endpoint) in cards {
        let area = layout.service(column, layout.services_top);
        if column == SECRETS_MANAGER && secrets == 0 {
            canvas.card("card", area, name, &["not used by this fleet".to_owned()]);
            continue;
        }
        let reach = match way(environment, endpoint) {
            Way::Endpoint => "through an endpoint",
            Way::Internet if environment.network.created.is_some() => "through NAT",
            Way::Internet => "through the VPC's routes",
            Way::None => "workers cannot reach it",
        };
        canvas.card("card", area, name, &[note, reach.to_owned()]);
    }
}

fn alarms(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    let top = layout.alarms_top;
    let (rule, alarms, topic) = (
        layout.service(1, top),
        layout.service(2, top),
        layout.service(3, top),
    );
    let cloud_watch = layout.service(CLOUD_WATCH, layout.services_top);
    let (x, y) = (alarms.middle_x(), alarms.middle_y());
    canvas.path(
        false,
        ArrowHeads::End,
        &[(x, cloud_watch.bottom()), (x, alarms.y)],
    );
    canvas.path(false, ArrowHeads::End, &[(alarms.right(), y), (topic.x, y)]);
    canvas.path(false, ArrowHeads::End, &[(alarms.x, y), (rule.right(), y)]);
    let run_command = part(layout.service(SYSTEMS_MANAGER, layout.services_top), 1);
    let (start, turn) = (rule.x, rule.x - 14);
    let to = (run_command.right(), run_command.middle_y());
    let points = [(start, y), (turn, y), (turn, to.1), to];
    canvas.path(false, ArrowHeads::End, &points);

    let healing = environment.alerts.healing.len();
    let heal_note = format!("{} run heal", labels::quantity(healing, "alarm"));
    canvas.card(
        "card",
        rule,
        "EventBridge rule",
        &[heal_note, "on the fleet's tag".to_owned()],
    );
    let told = labels::quantity(labels::notifying_alarms(environment), "alarm");
    canvas.card(
        "card",
        alarms,
        "Alarms",
        &[told, "each with its runbook".to_owned()],
    );
    let subscribed = match environment.alerts.email.len() {
        0 => "nobody is subscribed".to_owned(),
        1 => "1 e-mail address".to_owned(),
        several => format!("{several} e-mail addresses"),
    };
    canvas.card(
        "card",
        topic,
        "SNS topic",
        &["alerts, encrypted".to_owned(), subscribed],
    );
}

fn outside(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    let top = layout.outside_top;
    let operators = layout.service(SYSTEMS_MANAGER, top);
    let session_manager = part(layout.service(SYSTEMS_MANAGER, layout.services_top), 2);
    let x = operators.middle_x();
    canvas.path(
        false,
        ArrowHeads::End,
        &[(x, top), (x, session_manager.bottom())],
    );
    let by = if environment.access.instance_connect {
        "by Session Manager or SSH"
    } else {
        "by Session Manager, no SSH"
    };
    let notes = ["shell and noVNC, with MFA".to_owned(), by.to_owned()];
    canvas.card("card", operators, "Operators", &notes);

    let mail = layout.service(3, top);
    let topic = layout.service(3, layout.alarms_top);
    let email = &environment.alerts.email;
    if !email.is_empty() {
        let x = mail.middle_x();
        canvas.path(false, ArrowHeads::End, &[(x, topic.bottom()), (x, top)]);
        let mut notes = vec![truncate(&email[0], mail.width - 20, 11, false)];
        if email.len() > 1 {
            notes.push(format!("and {} more", email.len() - 1));
        }
        canvas.card("card", mail, "E-mail", &notes);
    }
    safeguards(canvas, layout, environment);
}

/// What no arrow can show.
fn safeguards(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    let (second, third) = (
        layout.service(1, layout.outside_top),
        layout.service(2, layout.outside_top),
    );
    let available = third.right() - second.x;
    let ports = truncate_list(
        &labels::egress(&environment.network),
        available - 190,
        11,
        false,
    );
    let lines = [
        format!("Workers accept no connection; outbound ports {ports}."),
        "Volumes, logs, alerts and secrets are encrypted by KMS.".to_owned(),
        format!("IMDSv2 only; {}.", labels::session_records(environment)),
    ];
    for (index, line) in lines.iter().enumerate() {
        let y = second.y + 20 + index as i32 * 19;
        let line = truncate(line, available, 11, false);
        canvas.text("note", Anchor::Start, second.x, y, &line);
    }
}
