//! The page's paths.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::{get, post};

use super::{
    actions, assets, audit, capacity, fleet, host, keys, live, marks, order, sessions, sign_in,
};
use crate::control::Control;

/// The most bytes of a form.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// What the page answers.
pub fn router() -> Router<Control> {
    let icon = async || {
        let headers = [
            (CONTENT_TYPE, "image/svg+xml"),
            (CACHE_CONTROL, "public, max-age=86400"),
        ];
        (headers, marks::ICON)
    };
    Router::new()
        .route("/", get(fleet::page))
        .route("/hosts/{id}", get(host::page))
        .route(
            "/hosts/{id}/{action}",
            get(actions::confirm).post(actions::order),
        )
        .route(
            "/fleets/{id}/capacity",
            get(capacity::form).post(capacity::change),
        )
        .route("/orders/{id}", get(order::page))
        .route("/orders/{id}/cancel", post(order::cancel))
        .route("/sessions", get(sessions::page))
        .route("/audit", get(audit::page))
        .route("/keys", get(keys::page).post(keys::add))
        .route("/keys/{id}", get(keys::confirm).post(keys::retire))
        .route("/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/live", get(live::stream))
        .route("/assets/page.css", get(assets::style))
        .route("/assets/page.js", get(assets::script))
        .route("/assets/icon.svg", get(icon))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
}
