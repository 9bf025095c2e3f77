//! The table of hosts.

use maud::{Markup, html};

use super::commands::{command, copy};
use super::fleet_query::{FleetQuery, PAGE_ROWS};
use super::format::{age, duration, known, short_image};
use super::marks;
use crate::registry::Host;

/// Its columns: the sort's name, the heading, and the class.
const COLUMNS: [(&str, &str, &str); 8] = [
    ("state", "State", ""),
    ("host", "Host", ""),
    ("tasks", "Tasks", "number"),
    ("", "Why it takes no tasks", ""),
    ("zone", "Zone", ""),
    ("type", "Type", ""),
    ("image", "Image", ""),
    ("launched", "Launched", ""),
];

pub fn table(hosts: &[Host], query: &FleetQuery) -> Markup {
    let (sorted, _, descending) = query.sorted();
    let shown = &hosts[..hosts.len().min(PAGE_ROWS as usize)];
    if shown.is_empty() {
        return html! {
            p.empty {
                @if query.is_filtered() { "No host is like this. " a href="/" { "Show all" } }
                @else { "No host has enrolled yet. Agents enrol with WORKER_API_KEY when their instances start." }
            }
        };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Hosts" {
            table.hosts {
                caption.hidden { "Hosts. Each figure is as old as the host's last heartbeat." }
                thead { tr {
                    @for (sort, heading, class) in COLUMNS {
                        @if sort.is_empty() { th scope="col" { (heading) } }
                        @else {
                            th scope="col" class=(class) aria-sort=[(sort == sorted).then_some(if descending { "descending" } else { "ascending" })] {
                                a href=(query.sort_address(sort)) { (heading) @if sort == sorted { span aria-hidden="true" { (if descending { " ↓" } else { " ↑" }) } } }
                            }
                        }
                    }
                    th.number scope="col" aria-sort=[(sorted == "heard").then_some(if descending { "descending" } else { "ascending" })] {
                        a href=(query.sort_address("heard")) { "Heard" @if sorted == "heard" { span aria-hidden="true" { (if descending { " ↓" } else { " ↑" }) } } }
                    }
                    th scope="col" { span.hidden { "Command" } }
                } }
                tbody { @for host in shown { (row(host)) } }
            }
        }
        (pager(hosts.len() > shown.len(), query))
    }
}

fn row(host: &Host) -> Markup {
    html! {
        tr {
            td.tight { (marks::state(&host.state)) }
            td.tight.id { a href={ "/hosts/" (host.id) } { (host.id) } }
            td.tight.number { (tasks(host)) }
            td.reason {
                @if let Some(sentence) = &host.takes_no_tasks { (without_count(sentence)) }
                @if let Some(order) = &host.order {
                    a.order href={ "/orders/" (order.id) } { (order.action.as_str()) ", " (order.state.as_str()) }
                }
            }
            td.tight { (host.zone) }
            td.tight { (host.instance_type) }
            td.tight.id title=(host.image_id) { (short_image(&host.image_id)) }
            td.tight { (age(host.launched_at)) }
            td.tight.number { (host.seen_seconds_ago.map_or_else(|| "never".to_owned(), duration)) }
            td.tight { (copy(&command(&["host", &host.id]), known(Some(&host.id)))) }
        }
    }
}

/// The column beside it has the number.
fn without_count(sentence: &str) -> &str {
    sentence
        .split_once(" Tasks that still run: ")
        .map_or(sentence, |(cause, _)| cause)
}

/// Running tasks and slots. Unknown is not 0.
pub fn tasks(host: &Host) -> Markup {
    html! {
        @match (host.active_tasks, host.slots) {
            (Some(active), Some(slots)) => { (active) span.muted { " / " (slots) } }
            _ => span.muted { "unknown" }
        }
    }
}

fn pager(has_more: bool, query: &FleetQuery) -> Markup {
    let page = query.page();
    if page == 0 && !has_more {
        return html! {};
    }
    html! {
        nav.pager aria-label="Pages of hosts" {
            @if page > 0 { a href=(query.address(&[("page", &(page - 1).to_string())])) { "The " (PAGE_ROWS) " before" } }
            span { "Hosts from " (page * PAGE_ROWS + 1) " on" }
            @if has_more { a href=(query.address(&[("page", &(page + 1).to_string())])) { "The next " (PAGE_ROWS) } }
        }
    }
}
