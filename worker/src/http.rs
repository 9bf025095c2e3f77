//! HTTP answers, and one request over one connection, for what listens on this host.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::chain;
use crate::timeout::TimedOut;

/// The most bytes of an answer that are read.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// What was answered.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why there is no answer. What it comes from is kept as text, so that a trouble can be compared with the last one and
/// be logged once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// It cannot be sent at all: by its path, its address or its body.
    #[error("the request is not valid: {0}")]
    InvalidRequest(String),
    #[error("the token has characters that an HTTP header cannot carry")]
    InvalidToken,
    /// No connection, no TLS, or no HTTP over it.
    #[error("{0}")]
    Failed(String),
    #[error("the answer broke off: {0}")]
    BrokenOff(String),
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
}

impl HttpError {
    /// The request cannot be made.
    pub fn invalid_request(error: &dyn std::error::Error) -> Self {
        Self::InvalidRequest(chain(error))
    }

    /// The exchange failed.
    pub fn failed(error: &dyn std::error::Error) -> Self {
        Self::Failed(chain(error))
    }
}

/// A request of this method for this path, with a JSON body or an empty one, and perhaps a bearer
/// token.
///
/// # Errors
///
/// When the path is no path.
pub fn request(
    method: Method,
    path: &str,
    body: Vec<u8>,
    token: Option<&str>,
) -> Result<Request<Full<Bytes>>, HttpError> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "localhost");
    if !body.is_empty() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    if let Some(token) = token {
        request = request.header(hyper::header::AUTHORIZATION, format!("Bearer {token}"));
    }
    request
        .body(Full::new(body.into()))
        .map_err(|error| HttpError::invalid_request(&error))
}

/// Reads all of an answer.
///
/// # Errors
///
/// When it breaks off, or is more than 1 MiB.
pub async fn whole(answer: Response<Incoming>) -> Result<HttpResponse, HttpError> {
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, MAX_BODY_BYTES)
        .collect()
        .await
        .map_err(|error| HttpError::BrokenOff(chain(&*error)))?
        .to_bytes();
    Ok(HttpResponse {
        status: head.status,
        headers: head.headers,
        body,
    })
}

/// Sends it, reads the whole answer, and closes.
///
/// # Errors
///
/// When the other side does not speak HTTP, breaks off, or answers more than 1 MiB.
pub async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<HttpResponse, HttpError> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| HttpError::failed(&error))?;
    let exchange = async {
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| HttpError::failed(&error))?;
        whole(answer).await
    };
    tokio::pin!(exchange);
    tokio::pin!(connection);
    // The connection has to be driven for the exchange to get on; it may end first.
    tokio::select! {
        answer = &mut exchange => answer,
        ended = &mut connection => match ended {
            Ok(()) => exchange.await,
            Err(error) => Err(HttpError::failed(&error)),
        },
    }
}
