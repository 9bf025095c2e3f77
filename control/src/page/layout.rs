//! What every page has: its head, the bar, and the headers that keep it from being abused.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::{IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, html};

use super::assets;
use super::login::SignedIn;
use super::marks;
use crate::access::Role;

/// Nothing from elsewhere, nothing inline, and in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The pages of the bar.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Fleet,
    Sessions,
    Audit,
    Keys,
}

impl Place {
    const ALL: [(Self, &'static str, &'static str, Role); 4] = [
        (Self::Fleet, "/", "Fleet", Role::Viewer),
        (Self::Sessions, "/sessions", "Sessions", Role::Viewer),
        (Self::Audit, "/audit", "Audit", Role::Admin),
        (Self::Keys, "/keys", "Keys", Role::Admin),
    ];
}

/// A page for somebody who is signed in.
pub struct Page<'a> {
    pub title: &'a str,
    pub place: Place,
    /// What its live parts depend on: the query of `/live`.
    pub live: Option<&'a str>,
    pub content: Markup,
}

impl Page<'_> {
    pub fn respond(self, signed_in: &SignedIn) -> Response {
        let bar = html! {
            nav.bar aria-label="Pages" {
                a.name href="/" { (marks::logo("")) "Valet" }
                ul {
                    @for (place, address, name, role) in Place::ALL {
                        @if signed_in.may(role) {
                            li { a href=(address) aria-current=[(place == self.place).then_some("page")] { (name) } }
                        }
                    }
                }
                div.who {
                    span { strong { (signed_in.actor.name) } ", " (signed_in.actor.role.as_str()) }
                    form method="post" action="/sign-out" {
                        (form_token(signed_in))
                        button.plain type="submit" { "Sign out" }
                    }
                }
            }
        };
        respond(&document(
            self.title,
            self.live,
            &html! { (bar) (self.content) },
        ))
    }
}

/// The field that makes a form one of ours.
pub fn form_token(signed_in: &SignedIn) -> Markup {
    html! { input type="hidden" name="form_token" value=(signed_in.form_token); }
}

/// A page for anybody.
pub fn bare(title: &str, content: &Markup) -> Markup {
    document(title, None, content)
}

fn document(title: &str, live: Option<&str>, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Valet" }
                link rel="stylesheet" href=(assets::style_address());
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                script src=(assets::script_address()) defer {}
            }
            body data-live=[live] {
                a.skip href="#main" { "To the content" }
                (content)
                p.hidden #said role="status" {}
            }
        }
    }
}

/// The page as a response.
pub fn respond(page: &Markup) -> Response {
    let headers: [(HeaderName, &str); 7] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    (headers, page.0.clone()).into_response()
}
