//! The client.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use valet_protocol::config::Proxy;

use super::connect;
use super::transport::Transport;
use crate::http::{self, HttpError, HttpResponse};
use crate::timeout::within;

/// The connections to one host that wait for the next question: as many as are asked at once, the
/// four looks at the notices.
const IDLE: usize = 4;

/// A client. Clones share its connections. It follows no redirect, and takes the way through the proxy of its
/// configuration alone, whatever the environment says.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: Client<connect::Connector, Full<Bytes>>,
    transport: Transport,
}

impl HttpClient {
    /// A client without a proxy. It has no connection yet; the certificates are read when TLS is first needed.
    #[must_use]
    pub fn new() -> Self {
        Self::through(None)
    }

    /// A client that reaches what is outside of the host through this proxy, if there is one.
    #[must_use]
    pub fn through(proxy: Option<&Proxy>) -> Self {
        let transport = Transport::new(proxy);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connect::Connector::new(transport.clone()));
        Self { client, transport }
    }

    /// How it reaches other hosts, for another protocol.
    #[must_use]
    pub const fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Sends it and reads the whole answer. How long that may take is the caller's to say.
    ///
    /// # Errors
    ///
    /// Why there is no answer; the address is not repeated.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<HttpResponse, HttpError> {
        let answer = self.client.request(request).await;
        http::whole(answer.map_err(|error| HttpError::failed(&error))?).await
    }

    /// Sends a request with a bearer token, and with a body in JSON where there is one, for this long at most.
    ///
    /// # Errors
    ///
    /// Why there is no answer; neither the address nor the token is repeated.
    pub async fn send_json<T: Serialize>(
        &self,
        method: Method,
        url: &str,
        token: &SecretString,
        body: Option<&T>,
        timeout: Duration,
    ) -> Result<HttpResponse, HttpError> {
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header(AUTHORIZATION, bearer(token)?)
            .header(USER_AGENT, NAME);
        let mut bytes = Bytes::new();
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json");
            let body =
                serde_json::to_vec(body).map_err(|error| HttpError::invalid_request(&error))?;
            bytes = body.into();
        }
        let request = request
            .body(Full::new(bytes))
            .map_err(|error| HttpError::invalid_request(&error))?;
        within(timeout, self.send(request)).await
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

const NAME: HeaderValue =
    HeaderValue::from_static(concat!("valet-worker/", env!("CARGO_PKG_VERSION")));

/// Marked as sensitive, so that no log shows it.
fn bearer(token: &SecretString) -> Result<HeaderValue, HttpError> {
    let text = format!("Bearer {}", token.expose_secret().trim());
    let mut value = HeaderValue::try_from(text).map_err(|_| HttpError::InvalidToken)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown_and_never_breaks_a_header() {
        let value = bearer(&SecretString::from("hidden\n")).unwrap();
        assert_eq!(value.to_str().unwrap(), "Bearer hidden");
        assert_eq!(format!("{value:?}"), "Sensitive");
        let error = bearer(&SecretString::from("hid\r\nden: 1")).unwrap_err();
        assert_eq!(error, HttpError::InvalidToken);
    }
}
