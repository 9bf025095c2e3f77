//! How many hosts a fleet has, and what was found in it.

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use super::commands::{command, copy, shown};
use super::error::{PageError, in_words};
use super::format::age;
use super::forms::Sent;
use super::layout::{Page, Place, form_token};
use super::login::SignedIn;
use crate::access::Role;
use crate::audit::MAX_REASON_CHARS;
use crate::capacity;
use crate::control::Control;
use crate::http::Id;
use crate::problem::{Problem, ProblemKind};
use crate::reaper::OpenFinding;
use crate::reconcile::{self, FleetGroup};

/// The groups as AWS said last, above the hosts.
pub fn groups(groups: &[FleetGroup], may_change: bool) -> Markup {
    html! {
        @for group in groups.iter().filter(|group| group.read_at.is_some()) {
            p.groups {
                strong { (group.id) } ": " (number(group.in_service)) " in service of " (number(group.desired)) " desired, "
                (number(group.min)) " to " (number(group.max)) ", by AWS " @if let Some(read) = group.read_at { (age(read)) }
                @if may_change {
                    " " a href={ "/fleets/" (group.id) "/capacity" } aria-label={ "Change the capacity of " (group.id) } { "Change" } " "
                    (copy(&command(&["capacity", &group.id, &number(group.desired), "--reason", "…"]), &format!("the capacity of {}", group.id)))
                }
            }
        }
    }
}

fn number(number: Option<i32>) -> String {
    number.map_or_else(|| "unknown".to_owned(), |number| number.to_string())
}

/// What was found, above everything else.
pub fn findings(findings: &[OpenFinding]) -> Markup {
    html! {
        @for finding in findings.iter().take(20) {
            div.notice.bad {
                p {
                    strong { (finding.title) ". " }
                    @if finding.kind.is_of_host() { a.id href={ "/hosts/" (finding.subject) } { (finding.subject) } } @else { span.id { (finding.subject) } }
                    ", " (age(finding.since)) " "
                    @if finding.kind.is_of_host() { (copy(&command(&["host", &finding.subject]), &finding.subject)) }
                    @else { (copy(&command(&["findings"]), &finding.subject)) }
                }
                p { (finding.detail) }
            }
        }
        @if findings.len() > 20 { p { "And " (findings.len() - 20) " more: " code { "valet-control findings" } } }
    }
}

/// What was changed just now.
#[derive(Default, Deserialize)]
pub struct Changed {
    /// How many there should have been before.
    before: Option<u32>,
    /// How many there should be now.
    after: Option<u32>,
}

#[derive(Default, Deserialize)]
pub struct CapacityForm {
    #[serde(default)]
    desired: String,
    #[serde(default)]
    reason: String,
}

pub async fn form(
    State(control): State<Control>,
    signed_in: SignedIn,
    Id(id): Id,
    Query(changed): Query<Changed>,
) -> Result<Response, PageError> {
    signed_in.actor.require(Role::Operator)?;
    let form = CapacityForm::default();
    page(&control, &signed_in, &id, &form, &changed, None).await
}

async fn page(
    control: &Control,
    signed_in: &SignedIn,
    id: &str,
    sent: &CapacityForm,
    changed: &Changed,
    refused: Option<&Problem>,
) -> Result<Response, PageError> {
    let groups = reconcile::list(control).await?;
    let group = groups.into_iter().find(|group| group.id == id);
    let group = group.ok_or_else(|| Problem::new(ProblemKind::FleetUnknown, id))?;
    let desired = if sent.desired.is_empty() {
        number(group.desired)
    } else {
        sent.desired.clone()
    };
    let content = html! {
        main.narrow #main {
            p.crumb { a href="/" { "Fleet" } " / " (group.id) }
            div.top { h1 { "Capacity" } }
            @if let (Some(before), Some(after)) = (changed.before, changed.after) {
                div.notice.good role="status" {
                    p { strong { "Changed from " (before) " to " (after) "." } @if after > before { " AWS starts hosts. " } @else { " AWS chooses hosts and terminates them. " } a href="/" { "See the fleet" } }
                }
            }
            section.card {
                h2 { "What will happen" }
                div.body data-part="effect" {
                    ul.effect {
                        li { "In service: " strong { (number(group.in_service)) } ", desired: " strong { (number(group.desired)) } @if let Some(read) = group.read_at { ", by AWS " (age(read)) } "." }
                        li { "With a larger number AWS starts hosts, with a smaller one it chooses hosts and terminates them. To end a certain host, decommission it." }
                        li { "Scaling may change the number again: what is set here is no limit." }
                    }
                }
            }
            section.card {
                h2 { "Change it" }
                form.body method="post" action={ "/fleets/" (group.id) "/capacity" } {
                    (form_token(signed_in))
                    @if let Some(problem) = refused {
                        div.notice.bad role="alert" { p #refused { (in_words(problem)) } }
                    }
                    div {
                        label for="desired" { "Hosts" }
                        input #desired type="number" name="desired" required min=(group.min.unwrap_or(0)) max=(number(group.max)) value=(desired);
                    }
                    div.field {
                        label for="reason" { "Reason" }
                        input #reason type="text" name="reason" required maxlength=(MAX_REASON_CHARS) value=(sent.reason) autocomplete="off";
                    }
                    div.field.row {
                        button.main type="submit" { "Change the capacity" }
                        a.button href="/" { "Leave it" }
                    }
                }
            }
            (shown(&command(&["capacity", &group.id, &desired, "--reason", "…"]), "this change"))
        }
    };
    let page = Page {
        title: "Capacity",
        place: Place::Fleet,
        live: Some("kinds=host"),
        content,
    };
    Ok(page.respond(signed_in))
}

pub async fn change(
    State(control): State<Control>,
    Id(id): Id,
    sent: Sent<CapacityForm>,
) -> Result<Response, PageError> {
    let reason = sent.form.reason.trim();
    let changed = match sent.form.desired.trim().parse() {
        Ok(desired) => capacity::set(&control, &sent.signed_in.actor, &id, desired, reason).await,
        Err(_) => Err(Problem::new(
            ProblemKind::ValueOutOfRange,
            "`desired` is a number",
        )),
    };
    match changed {
        Ok(change) => {
            let group: String = byte_serialize(change.id.as_bytes()).collect();
            let (before, after) = (change.before, change.desired);
            let address = format!("/fleets/{group}/capacity?before={before}&after={after}");
            Ok(Redirect::to(&address).into_response())
        }
        Err(problem) if problem.kind == ProblemKind::FleetUnknown => Err(problem.into()),
        Err(problem) => {
            let status = problem.kind.status();
            let mut response = page(
                &control,
                &sent.signed_in,
                &id,
                &sent.form,
                &Changed::default(),
                Some(&problem),
            )
            .await?;
            *response.status_mut() = axum::http::StatusCode::from_u16(status)
                .unwrap_or(axum::http::StatusCode::UNPROCESSABLE_ENTITY);
            Ok(response)
        }
    }
}
