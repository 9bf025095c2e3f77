//! TLS of whatever speaks HTTPS here.

use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// This machine trusts no certificate authority.
#[derive(Clone, Copy, Debug)]
pub struct NoAuthorities;

impl NoAuthorities {
    pub const PROBLEM: &str = "this machine trusts no certificate authority";
    pub const HELP: &str =
        "install ca-certificates, or name a file of certificates in SSL_CERT_FILE";
}

/// TLS by the authorities that this machine trusts, so that a proxy of one's own works as well.
///
/// # Errors
/// When there are none.
pub fn tls_config() -> Result<TlsConfig, NoAuthorities> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        return Err(NoAuthorities);
    }
    let certificates: Vec<_> = found
        .certs
        .iter()
        .map(|one| Certificate::from_der(one.as_ref()).to_owned())
        .collect();
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::new_with_certs(&certificates))
        .unversioned_rustls_crypto_provider(rustls::crypto::ring::default_provider().into())
        .build())
}
