//! The worker keys: which count, until when, and their rotation.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::commands::{command, copy, shown};
use super::error::PageError;
use super::format::{age, utc};
use super::forms::Sent;
use super::keys_picture::picture;
use super::layout::{Page, Place, form_token};
use super::login::SignedIn;
use super::marks;
use crate::access::Role;
use crate::audit::{self, Act, MAX_REASON_CHARS};
use crate::control::Control;
use crate::http::Id;
use crate::keys::{self, WorkerKey};
use crate::problem::{Problem, ProblemKind};

/// The choices of when a key ends: seconds, and in words.
const ENDS: [(&str, &str); 4] = [
    ("1209600", "in 14 days, when the oldest instance is gone"),
    ("604800", "in 7 days"),
    ("86400", "in 1 day"),
    ("0", "now"),
];

pub async fn page(
    State(control): State<Control>,
    signed_in: SignedIn,
) -> Result<Response, PageError> {
    signed_in.actor.require(Role::Admin)?;
    let keys = keys::list(&control.database).await?;
    let content = html! {
        main #main {
            div.top { div {
                h1 { "Worker keys" }
                p { "What instances show when they enrol. Hosts that have enrolled have tokens of their own: the end of a key does not concern them." }
            } }
            section.card {
                h2 { "Which key counts when" }
                div.body { (picture(&keys)) }
                (table(&keys))
            }
            section.card {
                h2 { "Rotate" }
                form.body method="post" action="/keys" {
                    (form_token(&signed_in))
                    ol.effect {
                        li { "Add a key here. Those that count go on counting." }
                        li { "Put its value into the secret WORKER_API_KEY. Instances that start from then on show it." }
                        li { "When the old key was not used for as long as an instance lives, end it in the table above." }
                    }
                    div.field {
                        label for="reason" { "Reason" }
                        input #reason type="text" name="reason" required maxlength=(MAX_REASON_CHARS) autocomplete="off";
                    }
                    div.field { button.main type="submit" { "Add a key" } }
                }
            }
            (shown(&command(&["keys", "list"]), "this list"))
            (shown(&command(&["keys", "add", "--reason", "…"]), "adding a key"))
        }
    };
    let page = Page {
        title: "Worker keys",
        place: Place::Keys,
        live: None,
        content,
    };
    Ok(page.respond(&signed_in))
}

/// Whether a key counts now, and whether its end is known.
pub fn state(key: &WorkerKey) -> &'static str {
    match key.valid_to {
        Some(end) if end <= Timestamp::now() => "ended",
        Some(_) => "ending",
        None => "valid",
    }
}

fn table(keys: &[WorkerKey]) -> Markup {
    if keys.is_empty() {
        return html! { p.empty { "No key: no instance can enrol. Add one." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Worker keys" {
            table {
                caption.hidden { "Worker keys, the newest first" }
                thead { tr { @for heading in ["State", "Key", "From", "Until", "Last enrolment with it"] { th scope="col" { (heading) } } th scope="col" { span.hidden { "Actions" } } } }
                tbody {
                    @for key in keys {
                        @let state = state(key);
                        tr {
                            td.tight { span class={ "state " (match state { "valid" => "good", "ending" => "wait", _ => "idle" }) } { (marks::sign(match state { "valid" => "ready", "ending" => "pending", _ => "" })) (state) } }
                            td.tight.id { (key.id) }
                            td.tight { (age(key.valid_from)) }
                            td.tight { @if let Some(end) = key.valid_to { (age(end)) } @else { "no end" } }
                            td.tight { @if let Some(used) = key.used_at { (age(used)) } @else { "never" } }
                            td.tight.number {
                                @if state != "ended" { a href={ "/keys/" (key.id) } aria-label={ "End it: " (key.id) } { "End it" } " " }
                                (copy(&command(&["keys", "retire", &key.id, "--after-seconds", "1209600", "--reason", "…"]), &format!("key {}", key.id)))
                            }
                        }
                    }
                }
            }
        }
    }
}

#[derive(Deserialize)]
pub struct AddForm {
    #[serde(default)]
    reason: String,
}

/// The value is in this response and nowhere else.
pub async fn add(
    State(control): State<Control>,
    sent: Sent<AddForm>,
) -> Result<Response, PageError> {
    let actor = &sent.signed_in.actor;
    let act = Act {
        actor,
        action: "key.add",
        target: "worker-keys",
        reason: &sent.form.reason,
    };
    let work = keys::add(&control.database, None);
    let (key, value) =
        audit::record_permitted(&control.database, act, Role::Admin, "", work).await?;
    let content = html! {
        main.narrow #main {
            p.crumb { a href="/keys" { "Worker keys" } }
            div.top { h1 { "The key counts now" } }
            div.notice.wait { p { strong { "This is the only time that its value is shown." } " Put it into the secret WORKER_API_KEY, and load no page before you have." } }
            div.command.secret { code #value { (value) } (copy(&value, "the secret")) }
            dl.facts.field { div { dt { "Key" } dd.id { (key.id) } } div { dt { "From" } dd { (utc(key.valid_from)) } } }
            p.field { a.button href="/keys" { "I have it" } }
        }
    };
    let page = Page {
        title: "New key",
        place: Place::Keys,
        live: None,
        content,
    };
    Ok(page.respond(&sent.signed_in))
}

async fn find(control: &Control, id: &str) -> Result<(WorkerKey, usize), Problem> {
    let keys = keys::list(&control.database).await?;
    let others = keys
        .iter()
        .filter(|key| key.id != id && state(key) == "valid")
        .count();
    let key = keys.into_iter().find(|key| key.id == id);
    Ok((key.ok_or(Problem::from(ProblemKind::KeyUnknown))?, others))
}

pub async fn confirm(
    State(control): State<Control>,
    signed_in: SignedIn,
    Id(id): Id,
) -> Result<Response, PageError> {
    signed_in.actor.require(Role::Admin)?;
    let (key, others) = find(&control, &id).await?;
    let content = html! {
        main.narrow #main {
            p.crumb { a href="/keys" { "Worker keys" } }
            div.top { h1 { "End a key" } p.id { (key.id) } }
            section.card {
                h2 { "What will happen" }
                ul.body.effect {
                    li { "No instance can enrol with it from its end on. Hosts that have enrolled stay enrolled." }
                    li { "Last enrolment with it: " strong { @if let Some(used) = key.used_at { (age(used)) } @else { "never" } } "." }
                    @if others == 0 { li.bad { strong { "No other key counts without an end: from then on no new instance can enrol." } } }
                    @else { li { "Other keys that count without an end: " (others) "." } }
                }
            }
            section.card {
                h2 { "End it" }
                form.body method="post" action={ "/keys/" (key.id) } {
                    (form_token(&signed_in))
                    div { label for="after" { "It ends" } select #after name="after" { @for (seconds, words) in ENDS { option value=(seconds) { (words) } } } }
                    div.field { label for="reason" { "Reason" } input #reason type="text" name="reason" required maxlength=(MAX_REASON_CHARS) autocomplete="off"; }
                    div.field.row { button.main type="submit" { "End the key" } a.button href="/keys" { "Leave it" } }
                }
            }
        }
    };
    let page = Page {
        title: "End a key",
        place: Place::Keys,
        live: None,
        content,
    };
    Ok(page.respond(&signed_in))
}

#[derive(Deserialize)]
pub struct RetireForm {
    #[serde(default)]
    after: String,
    #[serde(default)]
    reason: String,
}

pub async fn retire(
    State(control): State<Control>,
    Id(id): Id,
    sent: Sent<RetireForm>,
) -> Result<Response, PageError> {
    let actor = &sent.signed_in.actor;
    let act = Act {
        actor,
        action: "key.retire",
        target: &id,
        reason: &sent.form.reason,
    };
    let work = async {
        let is_offered = ENDS.iter().any(|(seconds, _)| *seconds == sent.form.after);
        let after = sent.form.after.parse().ok().filter(|_| is_offered);
        let after = after.ok_or_else(|| Problem::new(ProblemKind::ValueOutOfRange, "`after`"))?;
        keys::retire(&control.database, &id, after).await
    };
    audit::record_permitted(&control.database, act, Role::Admin, "", work).await?;
    Ok(Redirect::to("/keys").into_response())
}
