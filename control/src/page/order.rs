//! An order, and what became of it.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::commands::{command, shown};
use super::error::{PageError, upper_first};
use super::fleet_table::tasks;
use super::format::{age, seconds_ago, utc};
use super::forms::Sent;
use super::layout::{Page, Place, form_token};
use super::login::SignedIn;
use super::marks;
use crate::access::Role;
use crate::audit::MAX_REASON_CHARS;
use crate::control::Control;
use crate::http::Id;
use crate::orders::{self, Action, FleetOrder, OrderState};
use crate::registry;

pub async fn page(
    State(control): State<Control>,
    signed_in: SignedIn,
    Id(id): Id,
) -> Result<Response, PageError> {
    let order = orders::get(&control.database, &id).await?;
    let host = registry::get(&control.database, &order.instance_id)
        .await?
        .host;
    let content = html! {
        main.narrow #main {
            p.crumb { a href="/" { "Fleet" } " / " a href={ "/hosts/" (host.id) } { (host.id) } }
            div.top {
                h1 { "Order: " (order.action.as_str()) }
                p data-part="read" { "Read at " (utc(Timestamp::now())) ". " a href={ "/orders/" (order.id) } { "Read again" } }
            }
            section.card {
                h2 { "What became of it" }
                div.body data-part="order" {
                    (progress(&order))
                    p data-announce={ "The order is " (order.state.as_str()) } { (sentence(&order)) }
                }
            }
            section.card {
                h2 { "The host now" }
                dl.body.facts data-part="host" {
                    div { dt { "State" } dd { (marks::state(&host.state)) } }
                    div { dt { "Tasks / slots" } dd { (tasks(&host)) small { (seconds_ago(host.seen_seconds_ago)) } } }
                    div { dt { "Takes no tasks because" } dd { (host.takes_no_tasks.as_deref().unwrap_or("It takes tasks.")) } }
                }
            }
            section.card {
                h2 { "Who and why" }
                dl.body.facts {
                    div { dt { "Ordered by" } dd { (order.ordered_by) small { (age(order.ordered_at)) } } }
                    div { dt { "Reason" } dd { (order.reason) } }
                    div { dt { "Tasks may take" } dd { @if let Some(deadline) = order.deadline { "until " (utc(deadline)) } @else { "as long as they take" } } }
                    div { dt { "Id" } dd.id { (order.id) } }
                }
            }
            div data-part="cancel" {
                @if order.state.is_standing() && signed_in.may(Role::Operator) { (cancel_form(&signed_in, &order)) }
            }
            (shown(&command(&["orders", &order.id, "--watch"]), "this order"))
        }
    };
    let title = format!("Order {}", order.action.as_str());
    let live = format!("host={}", order.instance_id);
    let page = Page {
        title: &title,
        place: Place::Fleet,
        live: Some(&live),
        content,
    };
    Ok(page.respond(&signed_in))
}

fn cancel_form(signed_in: &SignedIn, order: &FleetOrder) -> Markup {
    html! {
        section.card {
            h2 { "Take it back" }
            form.body method="post" action={ "/orders/" (order.id) "/cancel" } {
                (form_token(signed_in))
                label for="reason" { "Reason" }
                input #reason type="text" name="reason" required maxlength=(MAX_REASON_CHARS) autocomplete="off";
                p.hint.muted { "A host that has begun goes on with it; order the opposite then." }
                div.field { button type="submit" { "Cancel the order" } }
            }
        }
    }
}

fn progress(order: &FleetOrder) -> Markup {
    let is_bad = marks::tone(order.state.as_str()) == "bad" || order.state == OrderState::Cancelled;
    let last = if order.state.is_standing() {
        "done"
    } else {
        order.state.as_str()
    };
    let ends_in_aws = matches!(order.action, Action::Hold | Action::Decommission);
    let mut steps = vec![
        ("ordered", Some(order.ordered_at), false),
        ("sent", order.sent_at, false),
        ("accepted", order.acknowledged_at, false),
    ];
    if ends_in_aws {
        steps.push(("drained", order.drained_at, false));
    }
    steps.push((last, order.ended_at, is_bad));
    html! {
        ol.progress {
            @for (name, at, is_bad) in steps {
                li class=(match (at, is_bad) { (None, _) => "", (Some(_), true) => "fail", _ => "done" }) {
                    strong { (name) }
                    @if let Some(at) = at { (age(at)) } @else { "not yet" }
                }
            }
        }
    }
}

fn sentence(order: &FleetOrder) -> Markup {
    let said = order
        .detail
        .as_deref()
        .map_or_else(String::new, |detail| format!(" It says: {detail}"));
    html! {
        @match order.state {
            OrderState::Pending if order.sent_at.is_none() => { "The host gets it with its next heartbeat, every 30 seconds. The order expires " (age(order.expires_at)) "." },
            OrderState::Pending => { "The host was sent it and has not acknowledged it yet. The order expires " (age(order.expires_at)) "." },
            OrderState::Accepted if order.drained_at.is_some() && order.action == Action::Hold => { "The host has drained and is held until " (utc(order.expires_at)) ", or until somebody resumes it." },
            OrderState::Accepted if order.drained_at.is_some() => { "The host has drained. AWS terminates it next." },
            OrderState::Accepted => { "The host carries it out." (said) },
            OrderState::Done if matches!(order.action, Action::Hold | Action::Decommission) => { (upper_first(order.detail.as_deref().unwrap_or("it is done"))) "." },
            OrderState::Done => { "The host has carried it out." (said) },
            OrderState::Refused => { "The host does not carry it out." (said) },
            OrderState::Failed => { "The host could not carry it out." (said) },
            OrderState::Expired => { "The host did not begin in time." },
            OrderState::Superseded => { "Another order took its place." },
            OrderState::Cancelled => { "Somebody took it back." },
        }
    }
}

#[derive(Deserialize)]
pub struct CancelForm {
    #[serde(default)]
    reason: String,
}

pub async fn cancel(
    State(control): State<Control>,
    Id(id): Id,
    sent: Sent<CancelForm>,
) -> Result<Response, PageError> {
    let actor = &sent.signed_in.actor;
    let order = orders::cancel(&control.database, actor, &id, &sent.form.reason).await?;
    Ok(Redirect::to(&format!("/orders/{}", order.id)).into_response())
}
