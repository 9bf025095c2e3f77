//! The drawn signs. A state has a shape besides its colour.

use maud::{Markup, PreEscaped, html};

/// The mark of the program.
pub fn logo(class: &str) -> Markup {
    html! {
        svg class=(class) viewBox="0 0 18 18" aria-hidden="true" {
            path d="M1 2h4.2L9 11.6 12.8 2H17l-6.2 14H7.2z" {}
        }
    }
}

/// The icon of the tab.
pub const ICON: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 18 18"><path fill="#5a68e0" d="M1 2h4.2L9 11.6 12.8 2H17l-6.2 14H7.2z"/></svg>"##;

/// How urgent a state is: `good`, `wait`, `bad` or `idle`.
pub fn tone(state: &str) -> &'static str {
    match state {
        "ready" | "done" | "finished" => "good",
        "unenrolled" | "enrolled" | "starting" | "draining" | "pending" | "accepted"
        | "running" | "intended" => "wait",
        "offline" | "unhealthy" | "failed" | "refused" | "expired" | "lost" | "abandoned"
        | "revoked" => "bad",
        _ => "idle",
    }
}

/// A sign in the state's shape: a disc, a half, a diamond, a ring.
pub fn sign(state: &str) -> Markup {
    let shape = match tone(state) {
        "good" => r#"<circle class="full" cx="5" cy="5" r="4"/>"#,
        "wait" => {
            r#"<circle cx="5" cy="5" r="4"/><path class="full" d="M5 1a4 4 0 0 1 0 8z" stroke="none"/>"#
        }
        "bad" => r#"<path class="full" d="M5 .5 9.5 5 5 9.5.5 5z" stroke="none"/>"#,
        _ => r#"<circle cx="5" cy="5" r="4"/>"#,
    };
    html! {
        svg class={ "mark " (tone(state)) } viewBox="0 0 10 10" aria-hidden="true" { (PreEscaped(shape)) }
    }
}

/// A state in words, with its sign.
pub fn state(state: &str) -> Markup {
    html! { span class={ "state " (tone(state)) } { (sign(state)) (state) } }
}
