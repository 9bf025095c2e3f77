//! The authorities that this host trusts to say who a server is.
//!
//! Three libraries talk TLS here, and by themselves each would read the system's certificates, from
//! the one file that has all of them and once more from the folder that has each of them twice. So
//! the file is read here, and no folder.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Where Debian and Ubuntu keep them; `SSL_CERT_FILE` names another place.
const FILE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The certificates in PEM; none, with an error in the log, where they cannot be read.
fn pem() -> Vec<u8> {
    let file = std::env::var_os("SSL_CERT_FILE").map_or_else(|| FILE.into(), PathBuf::from);
    std::fs::read(&file).unwrap_or_else(|error| {
        let file = file.display();
        tracing::error!(%error, "{file} cannot be read, so TLS connections fail: install ca-certificates");
        Vec::new()
    })
}

/// The same, ready to be asked; read when it is first needed.
#[must_use]
pub fn store() -> Arc<RootCertStore> {
    static STORE: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let mut store = RootCertStore::empty();
        let pem = pem();
        let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
        // One that cannot be used is none, as for every other program on the host.
        let (_, unusable) = store.add_parsable_certificates(certificates);
        if unusable > 0 {
            tracing::debug!(unusable, "CA certificates that cannot be used");
        }
        Arc::new(store)
    };
    Arc::clone(STORE.get_or_init(read))
}

/// A client of servers that these authorities vouch for.
///
/// # Panics
///
/// When the process has no TLS provider, which its first line installs.
#[must_use]
pub fn client() -> ClientConfig {
    ClientConfig::builder()
        .with_root_certificates(store())
        .with_no_client_auth()
}
