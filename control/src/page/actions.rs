//! What a host can be ordered to do: first what will happen, then the order with its reason.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::commands::{command, shown};
use super::error::{PageError, in_words};
use super::fleet_table::tasks;
use super::format::{count, seconds_ago};
use super::forms::Sent;
use super::layout::{Page, Place, form_token};
use super::login::SignedIn;
use super::marks;
use crate::access::Role;
use crate::audit::MAX_REASON_CHARS;
use crate::control::Control;
use crate::orders::{self, Action, NewOrder};
use crate::problem::{Problem, ProblemKind};
use crate::registry::{self, FleetSummary, Host};
use crate::sessions::{self, Session, SessionQuery};

/// An action of the page.
pub struct PageAction {
    /// Its part of the address.
    pub path: &'static str,
    pub title: &'static str,
    action: Action,
    /// Whether tasks have to end first.
    drains: bool,
    /// The command's words: before the host, and after it.
    words: (&'static str, &'static [&'static str]),
}

/// Every action, in the order of the page.
pub const ACTIONS: [PageAction; 6] = [
    PageAction {
        path: "drain",
        title: "Drain",
        action: Action::Drain,
        drains: true,
        words: ("drain", &[]),
    },
    PageAction {
        path: "resume",
        title: "Resume",
        action: Action::Resume,
        drains: false,
        words: ("resume", &[]),
    },
    PageAction {
        path: "restart-runtime",
        title: "Restart the runtime",
        action: Action::RestartRuntime,
        drains: true,
        words: ("restart", &["--of", "runtime"]),
    },
    PageAction {
        path: "restart-services",
        title: "Restart all services",
        action: Action::RestartServices,
        drains: true,
        words: ("restart", &["--of", "services"]),
    },
    PageAction {
        path: "hold",
        title: "Hold",
        action: Action::Hold,
        drains: true,
        words: ("hold", &["--for-seconds", DEFAULT_HOLD]),
    },
    PageAction {
        path: "decommission",
        title: "Decommission",
        action: Action::Decommission,
        drains: true,
        words: ("decommission", &["--replace"]),
    },
];

/// How long a host is held, unless something else is chosen.
const DEFAULT_HOLD: &str = "14400";

/// The choices of how long a host is held: seconds, and in words.
const HOLDS: [(&str, &str); 4] = [
    ("3600", "1 hour"),
    (DEFAULT_HOLD, "4 hours"),
    ("86400", "1 day"),
    ("604800", "1 week"),
];

/// What becomes of the group: the form's value, and in words.
const REPLACEMENTS: [(&str, &str); 2] = [
    ("replace", "Its group replaces it"),
    ("shrink", "Its group becomes smaller by one"),
];

impl PageAction {
    /// Whether the server can do it.
    pub fn is_offered(&self, control: &Control) -> bool {
        control.aws.is_some() || !matches!(self.action, Action::Hold | Action::Decommission)
    }

    /// The command that does the same.
    pub fn command(&self, host: &str, reason: &str) -> String {
        let mut words = vec![self.words.0, host];
        words.extend(self.words.1);
        words.extend(["--reason", reason]);
        command(&words)
    }
}

/// The choices of how long tasks may take: seconds, and in words.
const DEADLINES: [(&str, &str); 4] = [
    ("", "As long as they take"),
    (
        "300",
        "5 minutes, then they are aborted and run again elsewhere",
    ),
    (
        "900",
        "15 minutes, then they are aborted and run again elsewhere",
    ),
    (
        "3600",
        "1 hour, then they are aborted and run again elsewhere",
    ),
];

fn find(path: &str) -> Result<&'static PageAction, PageError> {
    static ALL: [PageAction; 6] = ACTIONS;
    let action = ALL.iter().find(|action| action.path == path);
    // An action that the server cannot do is refused with its reason when it is ordered.
    action.ok_or_else(|| Problem::from(ProblemKind::PathUnknown).into())
}

pub async fn confirm(
    State(control): State<Control>,
    signed_in: SignedIn,
    Path((id, path)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let action = find(&path)?;
    signed_in.actor.require(Role::Operator)?;
    page(
        &control,
        &signed_in,
        &id,
        action,
        &OrderForm::default(),
        None,
    )
    .await
}

async fn page(
    control: &Control,
    signed_in: &SignedIn,
    id: &str,
    action: &PageAction,
    sent: &OrderForm,
    refused: Option<&Problem>,
) -> Result<Response, PageError> {
    let reason = sent.reason.trim();
    let host = registry::get(&control.database, id).await?.host;
    let summary = registry::summary(&control.database, host.group.as_deref()).await?;
    let running = SessionQuery {
        instance: Some(id),
        running: true,
        limit: 20,
        ..SessionQuery::default()
    };
    let running = sessions::list(&control.database, &running).await?;
    let title = format!("{} {}", action.title, host.id);
    let content = html! {
        main.narrow #main {
            p.crumb { a href="/" { "Fleet" } " / " a href={ "/hosts/" (host.id) } { (host.id) } }
            div.top { h1 { (action.title) } div { (marks::state(&host.state)) } }
            section.card {
                h2 { "What will happen" }
                div.body data-part="effect" { (effect(action, &host, &summary, &running)) }
            }
            section.card {
                h2 { "Order it" }
                form.body method="post" action={ "/hosts/" (host.id) "/" (action.path) } {
                    (form_token(signed_in))
                    @if let Some(problem) = refused {
                        div.notice.bad role="alert" { p #refused { (in_words(problem)) } }
                    }
                    div {
                        label for="reason" { "Reason" }
                        input #reason type="text" name="reason" required maxlength=(MAX_REASON_CHARS) value=(reason) aria-describedby="reason-hint" autocomplete="off";
                        p.hint.muted #reason-hint { "It stands in the audit log and in the host's own log." }
                    }
                    @if action.action == Action::Hold {
                        (choice("hold", "It is held for", &HOLDS, if sent.hold.is_empty() { DEFAULT_HOLD } else { &sent.hold }))
                    }
                    @if action.action == Action::Decommission {
                        (choice("replace", "Its place", &REPLACEMENTS, &sent.replace))
                    }
                    @if action.drains {
                        div.field {
                            label for="within" { "Running tasks may take" }
                            select #within name="within" { @for (seconds, words) in DEADLINES { option value=(seconds) selected[sent.within == seconds] { (words) } } }
                        }
                    }
                    div.field.row {
                        button.main type="submit" { (action.title) }
                        a.button href={ "/hosts/" (host.id) } { "Leave it" }
                    }
                }
            }
            (shown(&action.command(&host.id, if reason.is_empty() { "…" } else { reason }), action.title))
        }
    };
    let live = format!("host={}", host.id);
    let page = Page {
        title: &title,
        place: Place::Fleet,
        live: Some(&live),
        content,
    };
    Ok(page.respond(signed_in))
}

/// A list of which one is chosen.
fn choice(name: &str, label: &str, choices: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            select id=(name) name=(name) { @for (value, words) in choices { option value=(value) selected[chosen == *value] { (words) } } }
        }
    }
}

fn effect(action: &PageAction, host: &Host, summary: &FleetSummary, running: &[Session]) -> Markup {
    let ready = summary.of("ready");
    let is_ready = host.state == "ready";
    let slots = i64::from(host.slots.unwrap_or_default());
    let active = i64::from(host.active_tasks.unwrap_or_default());
    let (hosts_left, free_left) = if is_ready {
        (
            ready.hosts - 1,
            ready.slots - ready.active - (slots - active),
        )
    } else {
        (ready.hosts, ready.slots - ready.active)
    };
    let group = host.group.as_deref().unwrap_or("the fleet");
    html! {
        ul.effect {
            @match action.action {
                Action::Drain => li { "The host takes no new tasks, finishes those that run, and stays up until somebody resumes it." },
                Action::Resume => li { "The host takes tasks again, as soon as its own checks say that it can." },
                Action::RestartRuntime => li { "The host drains, restarts its runtime, and takes tasks again." },
                Action::RestartServices => li { "The host drains, restarts its runtime, AdsPower and the screen, and takes tasks again." },
                Action::Hold => li { "The host takes no new tasks, finishes those that run, and is protected from scale-in. It takes tasks again when the time is over, or when somebody resumes it." },
                Action::Decommission => li { "The host takes no new tasks and finishes those that run. Then AWS terminates it. It ends after an hour, or the time that is chosen below, even if it has not drained." },
            }
            @if action.drains {
                li {
                    "Tasks that run on it: " strong { (tasks(host)) } ", as it said " (seconds_ago(host.seen_seconds_ago)) "."
                    @for session in running {
                        br;
                        span.id { (session.task.as_deref().unwrap_or(&session.id)) }
                    }
                }
                li {
                    "Left in " (group) " meanwhile: " strong { (count(hosts_left.max(0), "ready host", "ready hosts")) " with " (count(free_left.max(0), "free slot", "free slots")) } "."
                }
                @if is_ready && free_left <= 0 {
                    li.bad { strong { "No free slot is left: new tasks wait until this host is back or another one is up." } }
                }
            } @else {
                li { "Ready in " (group) " now: " strong { (count(ready.hosts, "host", "hosts")) " with " (count((ready.slots - ready.active).max(0), "free slot", "free slots")) } "." }
            }
            @if host.state == "offline" && action.action == Action::Decommission {
                li.bad { "The host is silent. It ends when its time is over, whether it is heard again or not." }
            } @else if host.state == "offline" {
                li.bad { "The host is silent. It gets the order when it is heard again, unless the order has expired by then, one hour from now." }
            }
            @if let Some(order) = &host.order {
                li { "It takes the place of the order that stands: " a href={ "/orders/" (order.id) } { (order.action.as_str()) ", " (order.state.as_str()) } ", by " (order.ordered_by) ": " (order.reason) }
            }
        }
    }
}

#[derive(Default, Deserialize)]
pub struct OrderForm {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    within: String,
    #[serde(default)]
    hold: String,
    #[serde(default)]
    replace: String,
}

pub async fn order(
    State(control): State<Control>,
    Path((id, path)): Path<(String, String)>,
    sent: Sent<OrderForm>,
) -> Result<Response, PageError> {
    let action = find(&path)?;
    let new = NewOrder {
        reason: sent.form.reason.trim().to_owned(),
        within_seconds: sent.form.within.parse().ok().filter(|_| action.drains),
        expires_seconds: sent
            .form
            .hold
            .parse()
            .ok()
            .filter(|_| action.action == Action::Hold),
    };
    let actor = &sent.signed_in.actor;
    let is_replaced =
        (action.action == Action::Decommission).then(|| sent.form.replace != "shrink");
    let given = orders::give_with(&control, actor, &id, action.action, &new, is_replaced).await;
    match given {
        Ok(order) => Ok(Redirect::to(&format!("/orders/{}", order.id)).into_response()),
        Err(problem) if problem.kind == ProblemKind::ReasonMissing => {
            let mut response = page(
                &control,
                &sent.signed_in,
                &id,
                action,
                &sent.form,
                Some(&problem),
            )
            .await?;
            *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(problem) => Err(problem.into()),
    }
}
