//! The fleet: every host, and why it takes no tasks.

use axum::extract::{Query, State};
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};

use super::capacity;
use super::commands;
use super::error::PageError;
use super::fleet_query::FleetQuery;
use super::fleet_table::table;
use super::format::{count, seconds_ago, utc};
use super::layout::{Page, Place};
use super::login::SignedIn;
use super::marks;
use crate::access::Role;
use crate::control::Control;
use crate::registry::{self, FleetSummary, STATES};
use crate::{reaper, reconcile};

pub async fn page(
    State(control): State<Control>,
    signed_in: SignedIn,
    Query(query): Query<FleetQuery>,
) -> Result<Response, PageError> {
    let query = query.normalized();
    let summary = registry::summary(&control.database, query.group()).await?;
    let hosts = registry::list(&control.database, &query.hosts()).await?;
    let groups = reconcile::list(&control).await?;
    let findings = reaper::list(&control.database).await?;
    let content = html! {
        main #main {
            div.top {
                h1 { "Fleet" }
                p data-part="read" { "Read at " (utc(Timestamp::now())) }
            }
            div data-part="findings" { (capacity::findings(&findings)) }
            div.card.summary data-part="summary" {
                (figures(&summary, &query))
                (capacity::groups(&groups, control.aws.is_some() && signed_in.may(Role::Operator)))
            }
            (filter(&summary, &query))
            div.card data-part="hosts" { (table(&hosts, &query)) }
            (commands::shown(&query.command(), "this list"))
        }
    };
    let page = Page {
        title: "Fleet",
        place: Place::Fleet,
        live: Some("kinds=host,order,session,finding"),
        content,
    };
    Ok(page.respond(&signed_in))
}

fn figures(summary: &FleetSummary, query: &FleetQuery) -> Markup {
    let all: i64 = summary.states.iter().map(|totals| totals.hosts).sum();
    let ready = summary.of("ready");
    let draining = summary.of("draining");
    let active: i64 = summary.states.iter().map(|totals| totals.active).sum();
    html! {
        dl.figures {
            div { dt { "Hosts" } dd { a href=(query.address(&[("state", ""), ("page", "")])) { (all) } } }
            @for state in STATES.iter().filter(|state| summary.of(state).hosts > 0) {
                div {
                    dt { (marks::sign(state)) (super::error::upper_first(state)) }
                    dd { a href=(query.address(&[("state", state), ("page", "")])) { (summary.of(state).hosts) } }
                }
            }
            div {
                dt { "Running tasks" }
                dd { (active) @if draining.active > 0 { small { ", " (draining.active) " draining" } } }
            }
            div {
                dt { "Free slots" }
                dd { ((ready.slots - ready.active).max(0)) small { " of " (ready.slots) } }
            }
            div { dt { "Last heartbeat" } dd { small.number { (seconds_ago(summary.heard_seconds_ago)) } } }
        }
        (share(summary, all))
    }
}

/// How the states share the fleet, as a bar.
fn share(summary: &FleetSummary, all: i64) -> Markup {
    let mut start = 0.0;
    let bars: Vec<(f64, f64, &str)> = STATES
        .iter()
        .filter_map(|state| {
            let width = summary.of(state).hosts as f64 * 1000.0 / all.max(1) as f64;
            let bar = (width > 0.0).then_some((start, (width - 2.0).max(1.0), marks::tone(state)));
            start += width;
            bar
        })
        .collect();
    html! {
        svg.share viewBox="0 0 1000 6" preserveAspectRatio="none" aria-hidden="true" {
            @for (x, width, tone) in bars {
                rect class=(tone) x=(format!("{x:.1}")) y="0" width=(format!("{width:.1}")) height="6" {}
            }
        }
    }
}

fn filter(summary: &FleetSummary, query: &FleetQuery) -> Markup {
    let (sort, _, descending) = query.sorted();
    let sort = format!("{}{sort}", if descending { "-" } else { "" });
    html! {
        form.filter method="get" action="/" role="search" {
            div.grow {
                label for="search" { "Search" }
                input #search type="search" name="search" value=(query.search) placeholder="id, zone, type, cause";
            }
            div {
                label for="state" { "State" }
                select #state name="state" {
                    option value="" { "All but gone" }
                    @for state in STATES { option value=(state) selected[query.state == state] { (state) } }
                }
            }
            @if summary.groups.len() > 1 || query.group().is_some() {
                div {
                    label for="group" { "Group" }
                    select #group name="group" {
                        option value="" { "All" }
                        @for group in &summary.groups {
                            option value=(group) selected[query.group == *group] { (group) }
                        }
                    }
                }
            }
            input type="hidden" name="sort" value=(sort);
            button type="submit" { "Show" }
            @if query.is_filtered() { a.button href=(query.address(&[("search", ""), ("state", ""), ("page", "")])) { "Show all " (count(summary.states.iter().map(|totals| totals.hosts).sum(), "host", "hosts")) } }
        }
    }
}
