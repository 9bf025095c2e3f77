//! The token, which says by itself where Hatchet is, whose it is and until when.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;

/// What the agent reads of a token. Nothing is verified: the token goes to whom it names, who does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `sub`
    pub tenant: String,
    /// `server_url`, of the REST API.
    pub server: String,
    /// `grpc_broadcast_address`, as host and port.
    pub grpc: String,
    /// `exp`; tokens live for 90 days if nothing else was asked for.
    pub expires: Option<Timestamp>,
}

/// What is wrong with a token, which is not repeated. serde's own words could repeat a claim's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("it does not have the three parts of a JSON Web Token")]
    Parts,
    #[error("its payload is not base64url")]
    Base64,
    #[error("it lacks a claim of Hatchet: sub, server_url or grpc_broadcast_address")]
    Claims,
}

#[derive(Deserialize)]
struct Raw {
    sub: String,
    server_url: String,
    grpc_broadcast_address: String,
    exp: Option<i64>,
}

/// Reads the claims.
///
/// # Errors
///
/// What is wrong with the token, which is not repeated.
pub fn claims(token: &str) -> Result<Claims, TokenError> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(TokenError::Parts);
    };
    let json = URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .map_err(|_| TokenError::Base64)?;
    let raw: Raw = serde_json::from_slice(&json).map_err(|_| TokenError::Claims)?;
    Ok(Claims {
        tenant: raw.sub,
        server: raw.server_url.trim_end_matches('/').to_owned(),
        grpc: raw.grpc_broadcast_address,
        expires: raw.exp.and_then(|exp| Timestamp::from_second(exp).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn the_claims_are_read() {
        let token = token(
            r#"{"sub":"t","server_url":"https://hatchet.example/","grpc_broadcast_address":"engine.example:443","exp":1800000000,"aud":"x"}"#,
        );
        assert_eq!(
            claims(&token).unwrap(),
            Claims {
                tenant: "t".to_owned(),
                server: "https://hatchet.example".to_owned(),
                grpc: "engine.example:443".to_owned(),
                expires: Some(Timestamp::from_second(1_800_000_000).unwrap()),
            }
        );
    }

    #[test]
    fn what_is_wrong_is_said_without_the_token() {
        for bad in [
            "",
            "hush",
            "hush.hush",
            "a.hush!.c",
            &token(r#"{"sub":"hush"}"#),
            "a.b.c.hush",
        ] {
            let error = claims(bad).unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
