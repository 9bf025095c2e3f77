//! The audit log.

use axum::extract::{Query, State};
use axum::response::Response;
use maud::html;
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use super::commands::{self, command, copy};
use super::error::PageError;
use super::format::moment;
use super::layout::{Page, Place};
use super::login::SignedIn;
use super::marks;
use crate::access::Role;
use crate::audit;
use crate::control::Control;

/// The rows of a page.
const PAGE_ROWS: i64 = 200;

#[derive(Deserialize)]
pub struct Parameters {
    #[serde(default)]
    target: String,
    #[serde(default)]
    before: String,
}

pub async fn page(
    State(control): State<Control>,
    signed_in: SignedIn,
    Query(parameters): Query<Parameters>,
) -> Result<Response, PageError> {
    signed_in.actor.require(Role::Admin)?;
    let target: String = parameters
        .target
        .trim()
        .replace('\0', "")
        .chars()
        .take(255)
        .collect();
    let only = Some(target.as_str()).filter(|target| !target.is_empty());
    let before = parameters.before.parse().ok();
    let rows = audit::list(&control.database, only, before, PAGE_ROWS).await?;
    let older = rows
        .last()
        .filter(|_| rows.len() as i64 == PAGE_ROWS)
        .map(|last| {
            let target: String = byte_serialize(target.as_bytes()).collect();
            format!("/audit?target={target}&before={}", last.id)
        });
    let words = match only {
        Some(target) => vec!["audit", "--target", target],
        None => vec!["audit"],
    };
    let content = html! {
        main #main {
            div.top { div { h1 { "Audit log" } p { "What was intended, and what became of it. Nothing is ever changed or removed." } } }
            form.filter method="get" action="/audit" role="search" {
                div.grow { label for="target" { "Host, order, key or token" } input #target type="search" name="target" value=(target) placeholder="i-…, o-…, k-…, t-…"; }
                button type="submit" { "Show" }
            }
            div.card data-part="audit" {
                @if rows.is_empty() { p.empty { "No row." } } @else {
                    div.scroll tabindex="0" role="region" aria-label="Audit log" {
                        table {
                            caption.hidden { "Rows of the audit log, the newest first" }
                            thead { tr { @for heading in ["Time (UTC)", "Outcome", "Who", "Action", "Target", "Reason and detail"] { th scope="col" { (heading) } } th scope="col" { span.hidden { "Command" } } } }
                            tbody {
                                @for row in &rows {
                                    tr {
                                        td.tight.number { (moment(row.at)) }
                                        td.tight { (marks::state(&row.outcome)) }
                                        td.wrap { (row.actor) " " span.muted { (row.role) ", " (row.address) } }
                                        td.tight { (row.action) }
                                        td.id.wrap { (row.target) }
                                        td.wrap { (row.reason) @if !row.detail.is_empty() { " " span.muted { (row.detail) } } }
                                        td.tight { (copy(&command(&["audit", "--target", &row.target]), &format!("row {}", row.id))) }
                                    }
                                }
                            }
                        }
                    }
                    @if let Some(older) = older { nav.pager aria-label="Pages of the log" { a href=(older) { "Older ones" } } }
                }
            }
            (commands::shown(&command(&words), "this list"))
        }
    };
    let page = Page {
        title: "Audit log",
        place: Place::Audit,
        // Older rows do not change.
        live: before.is_none().then_some("kinds=audit"),
        content,
    };
    Ok(page.respond(&signed_in))
}
