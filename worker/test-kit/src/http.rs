//! A plain HTTP client, for what the kit itself asks of servers and sockets.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

/// Nothing that is asked here takes long.
const LIMIT: Duration = Duration::from_secs(30);

/// An answer, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    pub status: u16,
    pub body: String,
}

/// Posts to the root of a loopback server.
///
/// # Errors
///
/// When it cannot be reached or does not answer; in words.
pub async fn post(
    url: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<HttpResponse, String> {
    send(Method::POST, url, "/", headers, body).await
}

/// Sends a request to a loopback server, whose address is `http://<ip>:<port>`.
///
/// # Errors
///
/// When it cannot be reached or does not answer; in words.
pub async fn send(
    method: Method,
    url: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<HttpResponse, String> {
    let address = url.trim_start_matches("http://");
    let stream = TcpStream::connect(address).await.map_err(in_words)?;
    converse(stream, method, path, headers, body).await
}

/// Sends a request to a Unix socket, over a connection of its own.
///
/// # Errors
///
/// When it cannot be reached or does not answer; in words.
pub async fn send_to_socket(
    method: Method,
    socket: &Path,
    path: &str,
    body: String,
) -> Result<HttpResponse, String> {
    let stream = UnixStream::connect(socket).await.map_err(in_words)?;
    let headers = [("content-type", "application/json")];
    converse(stream, method, path, &headers, body).await
}

async fn converse<S>(
    stream: S,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<HttpResponse, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(in_words)?;
    let driver = tokio::spawn(connection);
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body)).map_err(in_words)?;
    let asked = async {
        let response = sender.send_request(request).await.map_err(in_words)?;
        let status = response.status().as_u16();
        let body = text(response.into_body()).await?;
        Ok(HttpResponse { status, body })
    };
    let answer = tokio::time::timeout(LIMIT, asked)
        .await
        .map_err(|_| format!("no answer from {path} within {LIMIT:?}"))?;
    driver.abort();
    answer
}

async fn text(body: Incoming) -> Result<String, String> {
    let bytes = axum::body::to_bytes(Body::new(body), usize::MAX)
        .await
        .map_err(in_words)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}
