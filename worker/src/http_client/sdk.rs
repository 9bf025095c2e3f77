//! The client as the AWS SDK uses it.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::Full;

use super::client::HttpClient as Client;

impl HttpClient for Client {
    /// One connector for every service: how long a call may take is set for all of them, as the time
    /// of an attempt.
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Client {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?;
            let (head, body) = request.into_parts();
            // Nothing that the agent sends is a stream.
            let body = body
                .bytes()
                .map(Bytes::copy_from_slice)
                .ok_or_else(|| ConnectorError::user("the request's body is a stream".into()))?;
            let request = hyper::Request::from_parts(head, Full::new(body));
            let answer = http.send(request).await;
            // What goes wrong on the way is worth another attempt.
            let answer = answer.map_err(|error| ConnectorError::io(error.into()))?;
            let mut response =
                HttpResponse::new(StatusCode::from(answer.status), SdkBody::from(answer.body));
            for (name, value) in &answer.headers {
                let value = value
                    .to_str()
                    .map_err(|error| ConnectorError::io(error.into()))?;
                response
                    .headers_mut()
                    .append(name.as_str().to_owned(), value.to_owned());
            }
            Ok(response)
        })
    }
}
