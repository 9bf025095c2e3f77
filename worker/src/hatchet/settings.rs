//! Where Hatchet is and how to talk to it: from the token, the configuration, and the variables that
//! Hatchet's own clients read.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};
use valet_protocol::config::Tls;

use super::token::{self, TokenError};
use crate::tls_roots;

/// The secret that holds the token.
pub const TOKEN: &str = "HATCHET_CLIENT_TOKEN";

/// Everything that a client has to know.
#[derive(Clone, Debug)]
pub struct Settings {
    pub token: SecretString,
    pub tenant: String,
    /// The REST API, without a slash at the end.
    pub rest: String,
    /// The engine, as host and port.
    pub grpc: String,
    pub expires: Option<Timestamp>,
    /// Nothing for a connection in clear text.
    pub tls: Option<ClientTlsConfig>,
}

/// Why Hatchet cannot be spoken to. The token is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("{TOKEN}: {0}")]
    Token(#[from] TokenError),
    #[error(
        "worker.hatchet.tls is \"mtls\", and HATCHET_CLIENT_{0} names no file: set it in the agent's environment"
    )]
    NoFile(&'static str),
    #[error("{file} cannot be read: {reason}")]
    Unreadable { file: String, reason: String },
}

impl Settings {
    /// Reads the token and, by `variable`, the environment: `HATCHET_CLIENT_HOST_PORT` and
    /// `HATCHET_CLIENT_API_URL` go before what the token says, and `HATCHET_CLIENT_TLS_ROOT_CA_FILE`,
    /// `_CERT_FILE`, `_KEY_FILE` and `_SERVER_NAME` say more about TLS.
    ///
    /// # Errors
    ///
    /// What is wrong with the token or with a file that a variable names; the token is not repeated.
    pub fn read(
        token: &SecretString,
        tls: Tls,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let text = token.expose_secret().trim();
        let claims = token::claims(text)?;
        let named = |name: &str| variable(&format!("HATCHET_CLIENT_{name}"));
        let rest = named("API_URL").unwrap_or(claims.server);
        Ok(Self {
            token: SecretString::from(text.to_owned()),
            tenant: claims.tenant,
            rest: rest.trim_end_matches('/').to_owned(),
            grpc: named("HOST_PORT").unwrap_or(claims.grpc),
            expires: claims.expires,
            tls: match tls {
                Tls::None => None,
                Tls::Tls => Some(server_side(named)?),
                Tls::Mtls => Some(server_side(named)?.identity(own_side(named)?)),
            },
        })
    }

    /// Whether the token no longer counts.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Whom to believe to be Hatchet.
fn server_side(named: impl Fn(&str) -> Option<String>) -> Result<ClientTlsConfig, SettingsError> {
    let mut tls = match named("TLS_ROOT_CA_FILE") {
        Some(file) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(&file)?)),
        None => ClientTlsConfig::new().trust_anchors(tls_roots::store().roots.iter().cloned()),
    };
    if let Some(name) = named("TLS_SERVER_NAME") {
        tls = tls.domain_name(name);
    }
    Ok(tls)
}

/// By what Hatchet believes us.
fn own_side(named: impl Fn(&str) -> Option<String>) -> Result<Identity, SettingsError> {
    let file = |name: &'static str| named(name).ok_or(SettingsError::NoFile(name));
    let (certificate, key) = (file("TLS_CERT_FILE")?, file("TLS_KEY_FILE")?);
    Ok(Identity::from_pem(read(&certificate)?, read(&key)?))
}

fn read(file: &str) -> Result<Vec<u8>, SettingsError> {
    std::fs::read(file).map_err(|error| SettingsError::Unreadable {
        file: file.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
