//! One host: how it is, what can be done, and what has happened.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::actions::ACTIONS;
use super::commands::{self, command};
use super::error::PageError;
use super::fleet_table::tasks;
use super::format::{age, known, seconds_ago};
use super::layout::{Page, Place};
use super::login::SignedIn;
use super::{links, marks, sessions, timeline};
use crate::access::Role;
use crate::control::Control;
use crate::http::Id;
use crate::registry::{self, Host, HostDetail};

pub async fn page(
    State(control): State<Control>,
    signed_in: SignedIn,
    Id(id): Id,
) -> Result<Response, PageError> {
    let detail = registry::get(&control.database, &id).await?;
    let host = &detail.host;
    let content = html! {
        main #main {
            p.crumb { a href="/" { "Fleet" } @if let Some(group) = &host.group { " / " (group) } }
            div.top { h1.id { (host.id) } div data-part="state" { (marks::state(&host.state)) } }
            div data-part="notice" { (notice(host)) }
            div.split {
                div {
                    section.card data-part="facts" { (said(&detail)) }
                    section.card { h2 { "What AWS says" } div.body data-part="signed" { (signed(host)) } }
                    section.card { h2 { "Timeline" } div data-part="timeline" { (timeline::of_host(&detail)) } }
                    section.card {
                        h2 { "Sessions" }
                        div data-part="sessions" { (sessions::table(&detail.sessions, false)) }
                    }
                }
                aside {
                    @if signed_in.may(Role::Operator) && host.state != "gone" {
                        section.card {
                            h2 { "Actions" }
                            div.body.actions {
                                @for action in ACTIONS.iter().filter(|action| action.is_offered(&control)) {
                                    a.button href={ "/hosts/" (host.id) "/" (action.path) } { (action.title) }
                                }
                            }
                        }
                    }
                    section.card {
                        h2 { "Elsewhere" }
                        ul.body.links {
                            @for (name, address) in links::of_host(&control.page, host) {
                                li { a href=(address) rel="noreferrer" { (name) } }
                            }
                        }
                    }
                    section.card {
                        h2 { "As commands" }
                        div.body {
                            (commands::shown(&command(&["host", &host.id]), "this host"))
                            (commands::shown(&command(&["host", &host.id, "--watch"]), "following this host"))
                            @for action in ACTIONS.iter().filter(|action| action.is_offered(&control)) {
                                (commands::shown(&action.command(&host.id, "…"), action.title))
                            }
                        }
                    }
                }
            }
        }
    };
    let live = format!("host={}", host.id);
    let page = Page {
        title: &host.id,
        place: Place::Fleet,
        live: Some(&live),
        content,
    };
    Ok(page.respond(&signed_in))
}

fn notice(host: &Host) -> Markup {
    html! {
        @if let Some(sentence) = &host.takes_no_tasks {
            div class={ "notice " (marks::tone(&host.state)) } {
                p { strong { "Why it takes no tasks. " } (sentence) }
                @if let Some(order) = &host.order {
                    p { a href={ "/orders/" (order.id) } { "Order: " (order.action.as_str()) ", " (order.state.as_str()) } ", by " (order.ordered_by) ": " (order.reason) }
                }
            }
        } @else {
            div class="notice good" {
                p { "It takes tasks." }
                @if let Some(order) = &host.order {
                    p { a href={ "/orders/" (order.id) } { "Order: " (order.action.as_str()) ", " (order.state.as_str()) } ", by " (order.ordered_by) ": " (order.reason) }
                }
            }
        }
    }
}

/// What the host says of itself. All of it is as old as the heartbeat that its heading names.
fn said(detail: &HostDetail) -> Markup {
    let host = &detail.host;
    let fact = |name: &str, value: Markup| html! { div { dt { (name) } dd { (value) } } };
    html! {
        h2 { "What it said " span.muted.number { (seconds_ago(host.seen_seconds_ago)) } }
        dl.body.facts {
            (fact("Status", html! { (known(host.status.as_deref())) @if let Some(since) = host.since { small { "since " (age(since)) } } }))
            (fact("Because", html! { (known(host.cause.as_deref())) }))
            (fact("Tasks / slots", tasks(host)))
            (fact("AdsPower", html! { (known(host.ads_power.as_deref())) }))
            (fact("Lifecycle", html! { (known(host.lifecycle.as_deref())) }))
            (fact("Hatchet's worker", html! { span.id { (known(host.worker_id.as_deref())) } }))
            (fact("Agent", html! { (known(host.agent_version.as_deref())) }))
            (fact("Kernel", html! { (known(host.kernel.as_deref())) }))
            (fact("Boot", html! { span.id { (known(detail.boot_id.as_deref())) } }))
        }
    }
}

/// What AWS says of the instance, or has signed.
fn signed(host: &Host) -> Markup {
    let fact = |name: &str, value: Markup| html! { div { dt { (name) } dd { (value) } } };
    html! {
        dl.facts {
            (fact("Zone", html! { (host.zone) }))
            (fact("Type", html! { (host.instance_type) }))
            (fact("Image", html! { span.id { (host.image_id) } }))
            (fact("Launched", age(host.launched_at)))
            (fact("Account", html! { (host.account) }))
            (fact("Region", html! { (host.region) }))
        }
    }
}
