//! One request over a connection of its own.
//!
//! The server asks others a few times a minute, so that connections are not kept. What may have to be fenced is asked
//! about after the connection is made and right before the request is written: a process that is stopped while it
//! connects, and goes on long afterwards, writes nothing.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{DATE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use super::Address;

/// The most bytes of a response: a group of 10,000 instances takes about 7 MB.
const MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;
/// How long connecting may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Sends requests. Clones share the certificate authorities, which are read when TLS is first needed.
#[derive(Clone, Default)]
pub struct Outbound {
    tls: Arc<OnceCell<TlsConnector>>,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    /// Path and query, with a slash at the beginning, after the address's own prefix.
    pub path: String,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Vec<u8>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct OutboundResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl OutboundResponse {
    /// The time by the server's clock, where it says it.
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        let text = self.headers.get(DATE)?.to_str().ok()?;
        let date = jiff::fmt::rfc2822::parse(text).ok()?;
        Some(date.timestamp())
    }
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing was written: whoever asked may not any more.
    #[error("it may not be sent any more")]
    Fenced,
    /// Nothing was written.
    #[error("no connection to {host}: {reason}")]
    NotSent { host: String, reason: String },
    /// The request was written, or a part of it; whether it was carried out is not known.
    #[error("no response from {host}: {reason}")]
    NoResponse { host: String, reason: String },
}

impl Outbound {
    /// Sends a request and reads the whole response, for this long at most. `may_send` is asked right before the request is
    /// written.
    ///
    /// # Errors
    ///
    /// Why there is no response. Neither headers nor body are repeated.
    pub async fn send(
        &self,
        address: &Address,
        request: Request,
        timeout: Duration,
        may_send: impl Fn() -> bool,
    ) -> Result<OutboundResponse, SendError> {
        let mut is_written = false;
        let sent = async {
            let stream = tokio::time::timeout(CONNECT_TIMEOUT, connect(address))
                .await
                .map_err(|_| format!("no connection within {CONNECT_TIMEOUT:?}"))
                .flatten();
            let not_sent = |reason: String| SendError::NotSent {
                host: address.host.clone(),
                reason,
            };
            let stream = stream.map_err(not_sent)?;
            if address.is_tls {
                let tls = self
                    .tls
                    .get_or_try_init(connector)
                    .await
                    .map_err(not_sent)?;
                let name = ServerName::try_from(address.host.clone())
                    .map_err(|error| not_sent(error.to_string()))?;
                let stream = tokio::time::timeout(CONNECT_TIMEOUT, tls.connect(name, stream))
                    .await
                    .map_err(|_| not_sent(format!("no TLS within {CONNECT_TIMEOUT:?}")))?
                    .map_err(|error| not_sent(error.to_string()))?;
                exchange(stream, address, request, may_send, &mut is_written).await
            } else {
                exchange(stream, address, request, may_send, &mut is_written).await
            }
        };
        if let Ok(result) = tokio::time::timeout(timeout, sent).await {
            return result;
        }
        let host = address.host.clone();
        let reason = format!("nothing within {timeout:?}");
        Err(if is_written {
            SendError::NoResponse { host, reason }
        } else {
            SendError::NotSent { host, reason }
        })
    }
}

async fn connect(address: &Address) -> Result<TcpStream, String> {
    let stream = TcpStream::connect((address.host.as_str(), address.port))
        .await
        .map_err(|error| error.to_string())?;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// The system's authorities.
async fn connector() -> Result<TlsConnector, String> {
    let found = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs)
        .await
        .map_err(|error| error.to_string())?;
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("no certificate authority is installed: install ca-certificates".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    address: &Address,
    request: Request,
    may_send: impl Fn() -> bool,
    is_written: &mut bool,
) -> Result<OutboundResponse, SendError> {
    let host = || address.host.clone();
    let not_sent = |reason: String| SendError::NotSent {
        host: host(),
        reason,
    };
    let (mut sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|error| not_sent(error.to_string()))?;
    let mut built = hyper::Request::builder()
        .method(request.method)
        .uri(format!("{}{}", address.prefix, request.path))
        .header(HOST, &address.authority)
        .header(
            USER_AGENT,
            concat!("valet-control/", env!("CARGO_PKG_VERSION")),
        );
    for (name, value) in request.headers {
        built = built.header(name, value);
    }
    let built = built
        .body(Full::new(Bytes::from(request.body)))
        .map_err(|error| not_sent(error.to_string()))?;
    // The connection is driven by this very task, so that nothing lies between this question and the write.
    if !may_send() {
        return Err(SendError::Fenced);
    }
    *is_written = true;
    let no_response = |reason: String| SendError::NoResponse {
        host: host(),
        reason,
    };
    let answered = async {
        let response = sender
            .send_request(built)
            .await
            .map_err(|error| no_response(error.to_string()))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_RESPONSE_BYTES)
            .collect()
            .await
            .map_err(|error| no_response(error.to_string()))?;
        Ok(OutboundResponse {
            status: head.status,
            headers: head.headers,
            body: body.to_bytes(),
        })
    };
    tokio::pin!(answered, connection);
    tokio::select! {
        biased;
        answer = &mut answered => answer,
        // A connection that ends has given its last bytes to the response.
        _ = &mut connection => answered.await,
    }
}
