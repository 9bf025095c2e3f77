//! TLS in front of a fake: what it takes to talk to AWS, Hatchet and the Valet API as they are.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The certificates that a Debian or Ubuntu trusts.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

/// An authority of our own.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new one, which nobody trusts yet.
    ///
    /// # Panics
    ///
    /// When no key can be made.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Writes the system's certificates and this one into one file, for `SSL_CERT_FILE`.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write_bundle(&self, place: &Path) -> io::Result<()> {
        let mut bundle = std::fs::read(SYSTEM).unwrap_or_default();
        bundle.extend_from_slice(self.0.pem().as_bytes());
        std::fs::write(place, bundle)
    }

    /// Listens on a free port, speaks TLS by a certificate for `localhost` and the names of the proxy, and hands on to this
    /// address what comes. Answers the port.
    ///
    /// # Errors
    ///
    /// When there is no port.
    ///
    /// # Panics
    ///
    /// When no certificate can be made.
    pub async fn front(&self, behind: SocketAddr, protocols: &[&str]) -> io::Result<u16> {
        let acceptor = TlsAcceptor::from(Arc::new(self.server(protocols)));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(hand_on(acceptor.clone(), stream, behind));
            }
        });
        Ok(port)
    }

    fn server(&self, protocols: &[&str]) -> ServerConfig {
        let key = KeyPair::generate().expect("a key");
        let names = vec![
            "localhost".to_owned(),
            format!("*.{}", crate::squid::DOMAIN),
        ];
        let params = CertificateParams::new(names).expect("a name");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has both")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("they belong together");
        let protocols = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec());
        config.alpn_protocols = protocols.collect();
        config
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

async fn hand_on(acceptor: TlsAcceptor, stream: TcpStream, behind: SocketAddr) {
    // What is in between must not wait for more to hand on.
    let _ = stream.set_nodelay(true);
    let both = tokio::join!(acceptor.accept(stream), TcpStream::connect(behind));
    let (Ok(mut outer), Ok(mut inner)) = both else {
        return;
    };
    let _ = inner.set_nodelay(true);
    // Either side may end it.
    let _ = copy_bidirectional(&mut outer, &mut inner).await;
}
