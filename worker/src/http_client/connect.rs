//! Connections in clear text and by TLS.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use tower_service::Service;

use super::transport::{Error, Stream, Transport};
use crate::tls_roots;

/// Connects. Nothing of TLS is made before the first address that asks for it: who this instance is
/// comes in clear text, and the certificates can wait until it is known.
#[derive(Clone, Debug)]
pub struct Connector {
    transport: Transport,
    tls: Arc<OnceLock<HttpsConnector<Transport>>>,
}

impl Connector {
    pub fn new(transport: Transport) -> Self {
        Self {
            transport,
            tls: Arc::default(),
        }
    }

    fn tls(&self) -> HttpsConnector<Transport> {
        let make = || {
            HttpsConnectorBuilder::new()
                .with_tls_config(tls_roots::client())
                .https_only()
                .enable_http1()
                .wrap_connector(self.transport.clone())
        };
        self.tls.get_or_init(make).clone()
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Stream>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.transport.poll_ready(context)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        if address.scheme_str() == Some("https") {
            return self.tls().call(address);
        }
        let connecting = self.transport.call(address);
        Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) })
    }
}
