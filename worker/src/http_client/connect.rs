//! Connections in clear text and by TLS.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::tls_roots;

/// How long connecting may take, before TLS.
const CONNECT: Duration = Duration::from_secs(3);

type Error = Box<dyn std::error::Error + Send + Sync>;
type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Connects. Nothing of TLS is made before the first address that asks for it: who this instance is
/// comes in clear text, and the certificates can wait until it is known.
#[derive(Clone, Debug)]
pub struct Connector {
    plain: HttpConnector,
    tls: Arc<OnceLock<HttpsConnector<HttpConnector>>>,
}

impl Default for Connector {
    fn default() -> Self {
        let mut plain = HttpConnector::new();
        plain.set_connect_timeout(Some(CONNECT));
        plain.set_nodelay(true);
        // It is asked for https too, underneath TLS.
        plain.enforce_http(false);
        Self {
            plain,
            tls: Arc::default(),
        }
    }
}

impl Connector {
    fn tls(&self) -> HttpsConnector<HttpConnector> {
        let make = || {
            HttpsConnectorBuilder::new()
                .with_tls_config(tls_roots::client())
                .https_only()
                .enable_http1()
                .wrap_connector(self.plain.clone())
        };
        self.tls.get_or_init(make).clone()
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.plain.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        if address.scheme_str() == Some("https") {
            return self.tls().call(address);
        }
        let connecting = self.plain.call(address);
        Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) })
    }
}
