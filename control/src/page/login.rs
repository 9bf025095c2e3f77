//! Who is signed in: a token of the API, shown once, becomes a cookie that ends with the token or after twelve hours.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;

use super::error::PageError;
use super::settings::PageSettings;
use crate::access::{self, Actor, Role};
use crate::control::Control;
use crate::database::Database;
use crate::http::{Caller, peer_address};
use crate::problem::{Problem, ProblemKind};
use crate::tokens;

/// How long a login counts.
const LIFETIME_SECONDS: f64 = 12.0 * 3600.0;
/// The most bytes of a cookie that is looked at.
const MAX_COOKIE_BYTES: usize = 128;
/// What is signed for a form.
const FORM: &[u8] = b"valet-control form";

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub actor: Actor,
    /// What every form of theirs carries.
    pub form_token: String,
    secret: String,
}

impl SignedIn {
    /// Whether the role is high enough.
    pub fn may(&self, role: Role) -> bool {
        self.actor.role >= role
    }

    /// What tells this login from others.
    pub fn key(&self) -> Vec<u8> {
        tokens::hash(&self.secret)
    }

    /// Whether the login still counts, and who it is.
    pub async fn again(&self, database: &Database) -> Result<Option<Actor>, Problem> {
        find(database, &self.secret, self.actor.address).await
    }

    /// Signs out.
    pub async fn end(&self, database: &Database) -> Result<(), Problem> {
        let client = database.client().await?;
        client
            .execute(
                "DELETE FROM login WHERE hash = $1 OR expires_at < now()",
                &[&tokens::hash(&self.secret)],
            )
            .await?;
        Ok(())
    }
}

impl FromRequestParts<Control> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, control: &Control) -> Result<Self, PageError> {
        let secret = cookie(&parts.headers, name(&control.page));
        let actor = match &secret {
            Some(secret) => {
                find(&control.database, secret, peer_address(&parts.extensions)).await?
            }
            None => None,
        };
        let (Some(secret), Some(actor)) = (secret, actor) else {
            let path = parts
                .uri
                .path_and_query()
                .filter(|_| parts.method == Method::GET);
            return Err(PageError::SignInFirst(path.map(ToString::to_string)));
        };
        Caller::prove(&parts.extensions, &actor);
        Ok(Self {
            actor,
            form_token: form_token(&secret),
            secret,
        })
    }
}

/// Signs in with a token of the API. Returns the cookie's value.
pub async fn begin(database: &Database, token: &str, actor: &Actor) -> Result<String, Problem> {
    let secret = tokens::new_secret()?;
    let client = database.client().await?;
    let inserted = client
        .execute(
            "INSERT INTO login (hash, token_id, expires_at)
             SELECT $1, id, least(now() + make_interval(secs => $3), expires_at) FROM api_token WHERE hash = $2",
            &[&tokens::hash(&secret), &tokens::hash(token), &LIFETIME_SECONDS],
        )
        .await?;
    if inserted == 0 {
        return Err(Problem::new(ProblemKind::TokenRefused, &actor.name));
    }
    Ok(secret)
}

async fn find(
    database: &Database,
    secret: &str,
    address: IpAddr,
) -> Result<Option<Actor>, Problem> {
    let client = database.client().await?;
    let statement = client
        .prepare_cached(
            "SELECT name, role, loopback_only FROM login JOIN api_token ON api_token.id = login.token_id
             WHERE login.hash = $1 AND login.expires_at > now() AND revoked_at IS NULL
                AND (api_token.expires_at IS NULL OR api_token.expires_at > now())",
        )
        .await?;
    let row = client
        .query_opt(&statement, &[&tokens::hash(secret)])
        .await?;
    row.map_or(Ok(None), |row| access::actor_of(&row, address).map(Some))
}

/// The cookie's name. A `__Host-` cookie is accepted over TLS only, without a domain, and so from nobody but this server.
const fn name(settings: &PageSettings) -> &'static str {
    if settings.is_plain_loopback {
        "valet-dev"
    } else {
        "__Host-valet"
    }
}

/// The header that sets the cookie, or removes it.
pub fn set_cookie(settings: &PageSettings, secret: Option<&str>) -> HeaderValue {
    let secure = if settings.is_plain_loopback {
        ""
    } else {
        "; Secure"
    };
    let (value, age) = secret.map_or(("", "; Max-Age=0"), |secret| (secret, ""));
    let header = format!(
        "{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}",
        name(settings)
    );
    HeaderValue::from_str(&header).unwrap_or(HeaderValue::from_static(""))
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && value.len() <= MAX_COOKIE_BYTES)
        .map(|(_, value)| value.to_owned())
}

/// What the forms of a login are signed with.
fn form_key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

/// Derived from the cookie, which no other site can read: nothing has to be kept.
fn form_token(secret: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&form_key(secret), FORM))
}

/// Whether a form is one of ours, for whoever sends it. The comparison takes the same time, whatever is shown.
pub fn is_form_token(signed_in: &SignedIn, shown: &str) -> bool {
    BASE64_URL_SAFE_NO_PAD
        .decode(shown)
        .is_ok_and(|tag| hmac::verify(&form_key(&signed_in.secret), FORM, &tag).is_ok())
}

/// Whether a browser says that another site sends the request. Browsers that say nothing are not held against anybody:
/// the form's token decides.
pub fn is_cross_site(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"))
}
