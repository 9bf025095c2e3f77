//! Signed calls.

use std::sync::Arc;
use std::time::Duration;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::credentials::system_time;
use super::endpoints::Service;
use super::parameters::Parameters;
use super::{AwsError, CredentialCache, Endpoints, Permit, xml};
use crate::outbound::{Address, Outbound, OutboundResponse, Request};

/// How long a call may take: less than the leader's lease.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// The pauses between the attempts of a call that only reads.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// A client of AWS. Clones share credentials.
#[derive(Clone)]
pub struct Aws {
    outbound: Outbound,
    credentials: Arc<CredentialCache>,
    endpoints: Arc<Endpoints>,
}

impl Aws {
    #[must_use]
    pub fn new(outbound: Outbound, credentials: CredentialCache, endpoints: Endpoints) -> Self {
        Self {
            outbound,
            credentials: Arc::new(credentials),
            endpoints: Arc::new(endpoints),
        }
    }

    /// A call that changes nothing. It is tried three times where that may help.
    pub(super) async fn read(
        &self,
        service: Service,
        region: &str,
        action: &'static str,
        parameters: &Parameters,
    ) -> Result<String, AwsError> {
        let mut pauses = PAUSES.iter();
        loop {
            let result = self.call(service, region, action, parameters, None).await;
            match (&result, pauses.next()) {
                (Err(error), Some(pause)) if error.is_transient() => {
                    tracing::debug!(%error, "AWS is asked again");
                    tokio::time::sleep(*pause).await;
                }
                _ => return result,
            }
        }
    }

    /// A call that changes something. It is sent once, and not at all when the permit has ended.
    pub(super) async fn change(
        &self,
        service: Service,
        region: &str,
        action: &'static str,
        parameters: &Parameters,
        permit: &Permit,
    ) -> Result<String, AwsError> {
        self.call(service, region, action, parameters, Some(permit))
            .await
    }

    async fn call(
        &self,
        service: Service,
        region: &str,
        action: &'static str,
        parameters: &Parameters,
        permit: Option<&Permit>,
    ) -> Result<String, AwsError> {
        let address = self.endpoints.of(service, region)?;
        let credentials = self.credentials.get(&self.outbound, &self.endpoints);
        let credentials = Box::pin(credentials).await.map_err(AwsError::Credentials)?;
        let body = parameters.encode(action, service.version());
        let headers = signed(service, region, &address, &body, credentials)
            .map_err(|reason| AwsError::NotSent { action, reason })?;
        let request = Request {
            method: Method::POST,
            path: "/".to_owned(),
            headers,
            body: body.into_bytes(),
        };
        let may_send = || permit.is_none_or(|permit| permit.allows(CALL_TIMEOUT));
        // Its state is large, and it is held by everything that waits for it.
        let sending = Box::pin(
            self.outbound
                .send(&address, request, CALL_TIMEOUT, may_send),
        );
        let sent = sending.await;
        answer(
            action,
            &sent.map_err(|error| AwsError::of_send(action, &error))?,
        )
    }
}

/// The headers of a request with its signature.
fn signed(
    service: Service,
    region: &str,
    address: &Address,
    body: &str,
    credentials: aws_credential_types::Credentials,
) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let in_words = |error: &dyn std::fmt::Display| format!("the request cannot be signed: {error}");
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service.signing_name())
        .time(system_time(Timestamp::now()))
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| in_words(&error))?
        .into();
    let scheme = if address.is_tls { "https" } else { "http" };
    let url = format!("{scheme}://{}{}/", address.authority, address.prefix);
    let plain = [("host", address.authority.as_str()), ("content-type", FORM)];
    let signable = SignableRequest::new(
        "POST",
        url,
        plain.into_iter(),
        SignableBody::Bytes(body.as_bytes()),
    )
    .map_err(|error| in_words(&error))?;
    let (instructions, _) = sign(signable, &parameters)
        .map_err(|error| in_words(&error))?
        .into_parts();
    let mut headers = vec![(CONTENT_TYPE, HeaderValue::from_static(FORM))];
    for (name, value) in instructions.headers() {
        let name = HeaderName::try_from(name).map_err(|error| in_words(&error))?;
        // Credentials that no header can carry are not repeated.
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| "the credentials have characters that no header carries".to_owned())?;
        value.set_sensitive(true);
        headers.push((name, value));
    }
    Ok(headers)
}

/// The text of a success, or what AWS says is wrong.
pub(super) fn answer(
    action: &'static str,
    response: &OutboundResponse,
) -> Result<String, AwsError> {
    let text = String::from_utf8_lossy(&response.body).into_owned();
    if response.status.is_success() {
        return Ok(text);
    }
    let status = response.status.as_u16();
    let said = |name: &str| {
        let document = xml::parse(&text).ok()?;
        let error = xml::find(&document, "Error")?;
        let said = xml::text(error, name)?;
        Some(said.chars().take(400).collect::<String>())
    };
    Err(AwsError::Refused {
        action,
        status,
        code: said("Code").unwrap_or_else(|| status.to_string()),
        message: said("Message").unwrap_or_else(|| "no reason".to_owned()),
    })
}
