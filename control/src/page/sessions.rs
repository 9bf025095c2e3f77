//! The tasks that run and ran.

use axum::extract::{Query, State};
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use super::commands::{self, command, copy};
use super::error::PageError;
use super::format::{duration, moment};
use super::layout::{Page, Place};
use super::login::SignedIn;
use super::marks;
use crate::control::Control;
use crate::sessions::{self, Session, SessionQuery};

/// The rows of a page.
const PAGE_ROWS: i64 = 200;

#[derive(Deserialize)]
pub struct Parameters {
    #[serde(default)]
    host: String,
    #[serde(default)]
    running: String,
    #[serde(default)]
    before: String,
}

pub async fn page(
    State(control): State<Control>,
    signed_in: SignedIn,
    Query(parameters): Query<Parameters>,
) -> Result<Response, PageError> {
    let host: String = parameters
        .host
        .trim()
        .replace('\0', "")
        .chars()
        .take(128)
        .collect();
    let running = !parameters.running.is_empty();
    let query = SessionQuery {
        instance: Some(host.as_str()).filter(|host| !host.is_empty()),
        running,
        before: parameters.before.parse().ok(),
        limit: PAGE_ROWS,
    };
    let rows = sessions::list(&control.database, &query).await?;
    let older = rows
        .last()
        .filter(|_| rows.len() as i64 == PAGE_ROWS)
        .map(|last| {
            let host: String = byte_serialize(host.as_bytes()).collect();
            let running = if running { "&running=on" } else { "" };
            format!("/sessions?host={host}{running}&before={}", last.started_at)
        });
    let content = html! {
        main #main {
            div.top {
                div { h1 { "Sessions" } p { "One task under one lease. A host has one screen: whoever looks at it sees every task of the host." } }
            }
            form.filter method="get" action="/sessions" role="search" {
                div.grow { label for="host" { "Host" } input #host type="search" name="host" value=(host) placeholder="i-…"; }
                label.check { input type="checkbox" name="running" checked[running]; "Only running ones" }
                button type="submit" { "Show" }
            }
            div.card data-part="sessions" {
                (table(&rows, true))
                @if let Some(older) = older { nav.pager aria-label="Pages of sessions" { a href=(older) { "Older ones" } } }
            }
            (commands::shown(&command(&words(&host, running)), "this list"))
        }
    };
    let page = Page {
        title: "Sessions",
        place: Place::Sessions,
        live: Some("kinds=session"),
        content,
    };
    Ok(page.respond(&signed_in))
}

/// The command that lists the same.
fn words(host: &str, running: bool) -> Vec<&str> {
    let mut words = vec!["sessions"];
    if !host.is_empty() {
        words.extend(["--host", host]);
    }
    if running {
        words.push("--running");
    }
    words
}

pub fn table(rows: &[Session], with_host: bool) -> Markup {
    if rows.is_empty() {
        return html! { p.empty { "No session." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Sessions" {
            table {
                caption.hidden { "Sessions, the newest first" }
                thead { tr {
                    th scope="col" { "Outcome" }
                    th scope="col" { "Task" }
                    @if with_host { th scope="col" { "Host" } }
                    th scope="col" { "Lease" }
                    th scope="col" { "Started (UTC)" }
                    th.number scope="col" { "Took" }
                    th scope="col" { span.hidden { "Command" } }
                } }
                tbody { @for session in rows { (row(session, with_host)) } }
            }
        }
    }
}

fn row(session: &Session, with_host: bool) -> Markup {
    let end = session.ended_at.unwrap_or_else(Timestamp::now);
    let took = end.duration_since(session.started_at).as_secs_f64();
    html! {
        tr {
            td.tight { (marks::state(session.outcome.as_deref().unwrap_or("running"))) }
            td.wrap { @if let Some(task) = &session.task { (task) } @else { span.muted { "not named" } } }
            @if with_host { td.tight.id { a href={ "/hosts/" (session.instance_id) } { (session.instance_id) } } }
            td.id.wrap { (session.id) }
            td.tight.number { (moment(session.started_at)) }
            td.tight.number { (duration(took)) }
            td.tight { (copy(&command(&["host", &session.instance_id]), &format!("the host of session {}", session.id))) }
        }
    }
}
