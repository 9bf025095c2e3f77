//! Hatchet's dispatcher, by gRPC.

use std::time::Duration;

use hatchet_proto::root::dispatcher_client::DispatcherClient;
use hatchet_proto::root::{UpsertWorkerLabelsRequest, WorkerLabels, WorkerUnsubscribeRequest};
use secrecy::ExposeSecret as _;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use super::labels::{Label, Labels};
use super::settings::Settings;
use crate::error::chain;
use crate::http_client::transport::Transport;

/// A client. It connects when it is first used, and again when the connection is lost.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    client: DispatcherClient<Channel>,
    authorization: MetadataValue<Ascii>,
}

/// Why the dispatcher did not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DispatcherError {
    #[error("{address} is not a valid address: {reason}")]
    Address { address: String, reason: String },
    #[error("TLS to Hatchet: {0}")]
    Tls(String),
    #[error("the token has characters that an HTTP header cannot carry")]
    Token,
    /// gRPC's code, and what the engine said.
    #[error("{code:?}: {message}")]
    Call { code: Code, message: String },
}

/// How long connecting and a call may take.
const CONNECT: Duration = Duration::from_secs(5);
const CALL: Duration = Duration::from_secs(5);

/// A ping after so long without a message, and how long its answer may take. A connection that has broken unnoticed is known
/// for broken after 50 s; by the times of Hatchet's own clients, 10 s and a minute, it would be after 70 s, with three times the
/// pings. The server bears one in five seconds.
const PING: Duration = Duration::from_secs(30);
const PONG: Duration = Duration::from_secs(20);

impl Dispatcher {
    /// A client that has not connected yet.
    ///
    /// # Errors
    ///
    /// When the address, the TLS files or the token are none.
    pub fn new(settings: &Settings, transport: &Transport) -> Result<Self, DispatcherError> {
        let scheme = if settings.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let address = format!("{scheme}://{}", settings.grpc);
        let mut endpoint = Endpoint::from_shared(address)
            .map_err(|error| DispatcherError::Address {
                address: settings.grpc.clone(),
                reason: chain(&error),
            })?
            .connect_timeout(CONNECT)
            .timeout(CALL)
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PONG)
            .keep_alive_while_idle(true);
        if let Some(tls) = &settings.tls {
            endpoint = endpoint
                .tls_config(tls.clone())
                .map_err(|error| DispatcherError::Tls(chain(&error)))?;
        }
        let mut authorization: MetadataValue<Ascii> =
            format!("Bearer {}", settings.token.expose_secret())
                .parse()
                .map_err(|_| DispatcherError::Token)?;
        authorization.set_sensitive(true);
        Ok(Self {
            client: DispatcherClient::new(
                endpoint.connect_with_connector_lazy(transport.tunnelled()),
            ),
            authorization,
        })
    }

    /// Sets labels of a worker; those that are not named stay.
    ///
    /// # Errors
    ///
    /// Why they were not set.
    pub async fn label(&self, worker: &str, labels: &Labels) -> Result<(), DispatcherError> {
        let labels = labels
            .iter()
            .map(|(key, label)| (key.clone(), message(label)))
            .collect();
        let request = self.with_token(UpsertWorkerLabelsRequest {
            worker_id: worker.to_owned(),
            labels,
        });
        let mut client = self.client.clone();
        let result = client.upsert_worker_labels(request).await;
        result.map(|_| ()).map_err(|status| describe(&status))
    }

    /// Takes a worker out of Hatchet. One that Hatchet does not know is out of it.
    ///
    /// # Errors
    ///
    /// Why it was not done.
    pub async fn unsubscribe(&self, worker: &str) -> Result<(), DispatcherError> {
        let request = self.with_token(WorkerUnsubscribeRequest {
            worker_id: worker.to_owned(),
        });
        let mut client = self.client.clone();
        match client.unsubscribe(request).await {
            Ok(_) => Ok(()),
            Err(status) if status.code() == Code::NotFound => Ok(()),
            Err(status) => Err(describe(&status)),
        }
    }

    fn with_token<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        metadata.insert("authorization", self.authorization.clone());
        request
    }
}

fn message(label: &Label) -> WorkerLabels {
    match label {
        Label::Number(number) => WorkerLabels {
            int_value: Some(*number),
            str_value: None,
        },
        Label::Text(text) => WorkerLabels {
            int_value: None,
            str_value: Some(text.clone()),
        },
    }
}

fn describe(status: &Status) -> DispatcherError {
    DispatcherError::Call {
        code: status.code(),
        message: chain(status),
    }
}
