//! Tokens: JSON Web Tokens with the claims that Hatchet's clients read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::TENANT;
use crate::server::Server;

/// A token that expires at this time, in seconds since 1970. The signature is nobody's: clients
/// cannot check it, and the engine knows its tokens by heart.
pub fn make(server: &Server, expires: u64) -> String {
    static MADE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let number = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let claims = json!({
        "aud": server.url(),
        "exp": expires,
        "grpc_broadcast_address": server.address().to_string(),
        "iat": crate::clock::unix_seconds(),
        "iss": server.url(),
        "server_url": server.url(),
        "sub": TENANT,
        "token_id": format!("00000000-0000-4000-8000-{number:012}"),
    });
    let header = part(&json!({ "alg": "ES256", "kid": "kit" }));
    let signature = URL_SAFE_NO_PAD.encode(format!("signature of the test kit {number}"));
    format!("{header}.{}.{signature}", part(&claims))
}

/// The token of an `authorization` header. Its scheme is written in any case: the SDK writes
/// `bearer`.
pub fn shown(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
