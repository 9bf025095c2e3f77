//! HTTP answers, and one request over one connection, for what listens on this host.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::chain;

/// The most bytes of an answer that are read.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// What was answered.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
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
) -> Result<Request<Full<Bytes>>, String> {
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
        .map_err(|error| chain(&error))
}

/// Reads all of an answer.
///
/// # Errors
///
/// When it breaks off, or is more than 1 MiB.
pub async fn whole(answer: Response<Incoming>) -> Result<HttpResponse, String> {
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, MAX_BODY_BYTES)
        .collect()
        .await
        .map_err(|error| format!("the answer broke off: {}", chain(&*error)))?
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
) -> Result<HttpResponse, String> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| chain(&error))?;
    let exchange = async {
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| chain(&error))?;
        whole(answer).await
    };
    tokio::pin!(exchange);
    tokio::pin!(connection);
    // The connection has to be driven for the exchange to get on; it may end first.
    tokio::select! {
        answer = &mut exchange => answer,
        ended = &mut connection => match ended {
            Ok(()) => exchange.await,
            Err(error) => Err(chain(&error)),
        },
    }
}
