//! Who sends a request: the token of its `Authorization` header, and the role that a path asks for.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::Extensions;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::caller::Caller;
use crate::access::{self, Actor, Role};
use crate::audit::{self, Act};
use crate::control::Control;
use crate::problem::{Problem, ProblemKind};

/// The token itself.
pub struct Bearer(pub String);

/// The most characters of a token.
const MAX_TOKEN_CHARS: usize = 512;

impl<S: Send + Sync> FromRequestParts<S> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let header = parts.headers.get(AUTHORIZATION);
        let header = header.ok_or(Problem::from(ProblemKind::NoToken))?;
        header
            .to_str()
            .ok()
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, token)| {
                scheme.eq_ignore_ascii_case("bearer") && token.len() <= MAX_TOKEN_CHARS
            })
            .map(|(_, token)| Self(token.trim().to_owned()))
            .ok_or_else(|| {
                Problem::new(
                    ProblemKind::NoToken,
                    "the header is not `Bearer` and a token",
                )
            })
    }
}

/// Where the request comes from.
#[must_use]
pub fn peer_address(extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::from([0, 0, 0, 0]), |ConnectInfo(peer)| peer.ip())
}

async fn actor(parts: &mut Parts, control: &Control, role: Role) -> Result<Actor, Problem> {
    let Bearer(token) = Bearer::from_request_parts(parts, control).await?;
    let actor =
        access::authenticate(&control.database, &token, peer_address(&parts.extensions)).await?;
    Caller::prove(&parts.extensions, &actor);
    if let Err(problem) = actor.require(role) {
        let action = format!("{} {}", parts.method, parts.uri.path());
        let act = Act {
            actor: &actor,
            action: "http.refused",
            target: &action,
            reason: "",
        };
        audit::refused(&control.database, act, &problem).await;
        return Err(problem);
    }
    Ok(actor)
}

/// Somebody whose role is at least the named one.
macro_rules! extractor {
    ($name:ident, $role:expr) => {
        pub struct $name(
            #[allow(dead_code, reason = "who reads is checked and not named")] pub Actor,
        );

        impl FromRequestParts<Control> for $name {
            type Rejection = Problem;

            async fn from_request_parts(
                parts: &mut Parts,
                control: &Control,
            ) -> Result<Self, Problem> {
                actor(parts, control, $role).await.map(Self)
            }
        }
    };
}

extractor!(Viewer, Role::Viewer);
extractor!(Operator, Role::Operator);
extractor!(Admin, Role::Admin);
