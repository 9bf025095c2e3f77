//! The style and the script, which are part of the program.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use ring::digest::{SHA256, digest};

const STYLE: &str = include_str!("../../assets/page.css");
const SCRIPT: &str = include_str!("../../assets/page.js");

/// The address of the style; it changes with its content, so that browsers may keep it.
pub fn style_address() -> String {
    address("/assets/page.css", STYLE)
}

/// The address of the script.
pub fn script_address() -> String {
    address("/assets/page.js", SCRIPT)
}

fn address(path: &str, content: &str) -> String {
    let hash = digest(&SHA256, content.as_bytes());
    format!("{path}?{}", hex::encode(&hash.as_ref()[..6]))
}

pub async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

pub async fn script() -> Response {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

fn asset(content_type: &'static str, content: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, content).into_response()
}
