//! TLS in front of a stand-in: what it takes to talk to AWS, Hatchet and the Valet API as they are.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The certificates that a Debian or Ubuntu trusts, which the agent reads beside ours.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

/// An authority of our own.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Writes the system's certificates and ours into one file, for `SSL_CERT_FILE`.
    pub fn bundle(&self, place: &Path) {
        let mut bundle = std::fs::File::create(place).expect("a file");
        let system = std::fs::read(SYSTEM).unwrap_or_default();
        bundle.write_all(&system).expect("written");
        bundle.write_all(self.0.pem().as_bytes()).expect("written");
    }

    /// Listens on a free port and hands on to this address what comes by TLS. Answers its own.
    pub async fn front(&self, behind: SocketAddr, protocols: &[&str]) -> SocketAddr {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]);
        let certificate = params
            .expect("two names")
            .signed_by(&key, &self.0)
            .expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("they belong together");
        config.alpn_protocols = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec())
            .collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let (Ok(mut outer), Ok(mut inner)) =
                        tokio::join!(acceptor.accept(stream), TcpStream::connect(behind))
                    else {
                        return;
                    };
                    // Either side may end it.
                    let _ = copy_bidirectional(&mut outer, &mut inner).await;
                });
            }
        });
        address
    }
}
