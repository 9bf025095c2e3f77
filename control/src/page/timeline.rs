//! What has happened to a host: states, orders and sessions in one line of time, the newest first.

use jiff::Timestamp;
use maud::{Markup, html};

use super::format::clock;
use super::marks;
use crate::registry::HostDetail;

/// The most events that are shown.
const MAX_EVENTS: usize = 150;

struct Event<'a> {
    at: Timestamp,
    /// The state that gives it its sign.
    state: &'a str,
    text: Markup,
}

pub fn of_host(detail: &HostDetail) -> Markup {
    let mut events = Vec::new();
    for change in &detail.state_changes {
        events.push(Event {
            at: change.heard_at,
            state: &change.status,
            text: html! { strong { (change.status) } @if !change.cause.is_empty() { ": " (change.cause) } },
        });
    }
    for order in &detail.orders {
        let name = html! { a href={ "/orders/" (order.id) } { (order.action.as_str()) } };
        events.push(Event {
            at: order.ordered_at,
            state: "",
            text: html! { strong { "Order " (name) } " by " (order.ordered_by) ": " (order.reason) },
        });
        if let Some(at) = order.acknowledged_at {
            events.push(Event {
                at,
                state: "",
                text: html! { "The host has accepted the order " (name) "." },
            });
        }
        if let Some(at) = order.ended_at {
            events.push(Event {
                at,
                state: order.state.as_str(),
                text: html! {
                    strong { "Order " (name) " " (order.state.as_str()) }
                    @if let Some(detail) = &order.detail { ": " (detail) }
                },
            });
        }
    }
    for session in &detail.sessions {
        if let (Some(at), Some(outcome)) = (session.ended_at, &session.outcome) {
            events.push(Event {
                at,
                state: outcome,
                text: html! { "Session of " span.id { (session.task.as_deref().unwrap_or(&session.id)) } " " (outcome) },
            });
        }
    }
    events.push(Event {
        at: detail.host.launched_at,
        state: "",
        text: html! { "Launched by AWS" },
    });
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    events.truncate(MAX_EVENTS);
    html! {
        ol.timeline {
            @for day in events.chunk_by(|one, other| day(one) == day(other)) {
                li.day { (day.first().map(self::day).unwrap_or_default()) " UTC" }
                @for event in day {
                    li { (clock(event.at)) (marks::sign(event.state)) p { (event.text) } }
                }
            }
        }
    }
}

fn day(event: &Event<'_>) -> String {
    event.at.strftime("%Y-%m-%d").to_string()
}
