//! Signing in with a token of the API, and out.

use axum::Form;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::html;
use serde::Deserialize;

use super::error::{PageError, is_own_path};
use super::forms::Sent;
use super::layout::{bare, respond};
use super::login::{self, is_cross_site};
use super::marks;
use crate::access;
use crate::audit::{self, Act};
use crate::control::Control;
use crate::http::peer_address;
use crate::problem::ProblemKind;

#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Credentials {
    #[serde(default)]
    token: String,
    #[serde(default)]
    next: String,
}

pub async fn form(Query(Next { next }): Query<Next>) -> Response {
    page(&next, None)
}

fn page(next: &str, refused: Option<&str>) -> Response {
    let content = html! {
        main.sign-in #main {
            div.card {
                (marks::logo("mark-big"))
                h1 { "Sign in to Valet" }
                p { "With a token of the API. An administrator makes one with " code { "valet-control token create" } "." }
                form method="post" action="/sign-in" {
                    @if is_own_path(next) { input type="hidden" name="next" value=(next); }
                    div.field {
                        label for="token" { "Token" }
                        input #token type="password" name="token" required autocomplete="current-password" autofocus
                            aria-invalid=[refused.map(|_| "true")] aria-describedby=[refused.map(|_| "refused")];
                    }
                    @if let Some(refused) = refused { p.bad #refused role="alert" { (refused) } }
                    button.main type="submit" { "Sign in" }
                }
            }
        }
    };
    respond(&bare("Sign in", &content))
}

pub async fn sign_in(
    State(control): State<Control>,
    parts: Parts,
    Form(credentials): Form<Credentials>,
) -> Result<Response, PageError> {
    // Nobody is signed in to a name that is not theirs: another site's form is not taken.
    if is_cross_site(&parts.headers) {
        return Err(PageError::NotOurForm);
    }
    let token = credentials.token.trim();
    let actor =
        match access::authenticate(&control.database, token, peer_address(&parts.extensions)).await
        {
            Ok(actor) => actor,
            Err(problem) if problem.kind == ProblemKind::TokenRefused => {
                let refused = if problem.detail.is_empty() {
                    "This token does not count: it is unknown, has ended or was revoked.".to_owned()
                } else {
                    format!("This token does not count: {}.", problem.detail)
                };
                let mut response = page(&credentials.next, Some(&refused));
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                return Ok(response);
            }
            Err(problem) => return Err(problem.into()),
        };
    let act = Act {
        actor: &actor,
        action: "page.sign-in",
        target: &actor.name,
        reason: "",
    };
    let secret = audit::record(
        &control.database,
        act,
        login::begin(&control.database, token, &actor),
    )
    .await?;
    let next = if is_own_path(&credentials.next) {
        credentials.next.as_str()
    } else {
        "/"
    };
    let cookie = login::set_cookie(&control.page, Some(&secret));
    let headers = HeaderMap::from_iter([(SET_COOKIE, cookie)]);
    Ok((headers, Redirect::to(next)).into_response())
}

#[derive(Deserialize)]
pub struct Nothing {}

pub async fn sign_out(
    State(control): State<Control>,
    sent: Sent<Nothing>,
) -> Result<Response, PageError> {
    let Nothing {} = sent.form;
    sent.signed_in.end(&control.database).await?;
    let headers = HeaderMap::from_iter([(SET_COOKIE, login::set_cookie(&control.page, None))]);
    Ok((headers, Redirect::to("/sign-in")).into_response())
}
