//! What went wrong, as a page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::layout::{bare, respond};
use crate::http::{NobodySignedIn, RefusedEarly};
use crate::problem::Problem;

/// Why a page is not shown.
#[derive(Debug)]
pub enum PageError {
    /// Nobody is signed in; the path that was asked for.
    SignInFirst(Option<String>),
    /// A form that no page of ours made for whoever is signed in.
    NotOurForm,
    Problem(Problem),
}

impl From<Problem> for PageError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::SignInFirst(path) => {
                let mut response = Redirect::to(&sign_in_address(path.as_deref())).into_response();
                response.extensions_mut().insert(NobodySignedIn);
                response
            }
            Self::NotOurForm => {
                let code = "form.refused";
                let mut response = page(
                    StatusCode::FORBIDDEN,
                    "This form does not count",
                    "It was not made for this sign-in, or another site has sent it. Nothing was changed.",
                    "Go back, load the page again, and send the form from there",
                    code,
                );
                response.extensions_mut().insert(RefusedEarly(code));
                response
            }
            Self::Problem(problem) => {
                let status = StatusCode::from_u16(problem.kind.status())
                    .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let title = upper_first(problem.kind.title());
                let help = upper_first(problem.kind.help());
                let mut response =
                    page(status, &title, &problem.detail, &help, problem.kind.code());
                if let Some(refused) = RefusedEarly::of(problem.kind) {
                    response.extensions_mut().insert(refused);
                }
                response
            }
        }
    }
}

fn page(status: StatusCode, title: &str, detail: &str, help: &str, code: &str) -> Response {
    let content = html! {
        main.narrow #main {
            div.top { h1 { (title) } }
            div.notice.bad {
                @if !detail.is_empty() { p { (detail) } }
                p { (help) "." }
                p.muted { code { (code) } }
            }
            p { a href="/" { "To the fleet" } }
        }
    };
    let mut response = respond(&bare(title, &content));
    *response.status_mut() = status;
    response
}

/// Where one signs in, and comes from there to this path.
pub fn sign_in_address(path: Option<&str>) -> String {
    match path.filter(|path| is_own_path(path) && *path != "/") {
        Some(path) => {
            let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
            format!("/sign-in?next={next}")
        }
        None => "/sign-in".to_owned(),
    }
}

/// Whether this is a path of this server, and nothing that a browser takes for another one.
pub fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path[1..].starts_with(['/', '\\'])
        && path.len() <= 512
        && path.chars().all(|character| character.is_ascii_graphic())
}

/// What is wrong and what helps, in sentences.
pub fn in_words(problem: &Problem) -> String {
    let mut words = upper_first(problem.kind.title());
    if !problem.detail.is_empty() {
        words += ": ";
        words += &problem.detail;
    }
    format!("{words}. {}.", upper_first(problem.kind.help()))
}

/// A sentence's beginning.
pub fn upper_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}
