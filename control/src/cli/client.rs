//! The API, from the command line.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use url::{Host, Url};

use crate::problem::ProblemBody;

/// How long an answer may take, and of a stream its beginning.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The most bytes of an answer: 1,000 hosts take about 1 MB.
const MAX_ANSWER_BYTES: u64 = 32 * 1024 * 1024;

/// Where a server of this machine listens.
const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// Which server, and who asks.
#[derive(Clone, Debug, Args)]
pub struct ServerArguments {
    /// The server's address, such as `https://control.example.com`.
    #[arg(
        long,
        env = "VALET_CONTROL_URL",
        default_value = DEFAULT_SERVER
    )]
    pub server: String,
    /// A file with the token. Without it the token is in the environment's `VALET_CONTROL_TOKEN`.
    #[arg(long, env = "VALET_CONTROL_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
}

impl ServerArguments {
    /// What the environment says; nothing where it names no token.
    pub fn from_environment() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let token_file = variable("VALET_CONTROL_TOKEN_FILE").map(PathBuf::from);
        if token_file.is_none() && variable("VALET_CONTROL_TOKEN").is_none() {
            return None;
        }
        let server = variable("VALET_CONTROL_URL").unwrap_or_else(|| DEFAULT_SERVER.to_owned());
        Some(Self { server, token_file })
    }
}

/// Why the server was not asked, or does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(
        "error[client.no-token]: no token is given\n  = help: set VALET_CONTROL_TOKEN, or name a file with --token-file; `valet-control token create` makes a token"
    )]
    NoToken,
    #[error(
        "error[client.token-file]: the token cannot be read from {path}: {detail}\n  = help: name a file that has the token and nothing else"
    )]
    TokenFile { path: PathBuf, detail: String },
    #[error(
        "error[client.address]: `{address}` is not the address of a server: {detail}\n  = help: --server takes an address such as https://control.example.com"
    )]
    Address { address: String, detail: String },
    #[error(
        "error[client.plain-http]: the token would be sent to `{address}` without TLS\n  = help: use https; http is for this machine only"
    )]
    PlainHttp { address: String },
    #[error(
        "error[client.no-answer]: {address} does not answer: {detail}\n  = help: see that --server or VALET_CONTROL_URL is right and the server runs"
    )]
    NoAnswer { address: String, detail: String },
    #[error(
        "error[client.not-the-api]: {address} answers {status}, and not as valet-control does\n  = help: see that --server or VALET_CONTROL_URL is right and nothing stands in between"
    )]
    NotTheApi { address: String, status: u16 },
    #[error("error[{}]: {}{}{}\n  = help: {}", .0.code, .0.title, if .0.detail.is_empty() { "" } else { ": " }, .0.detail, .0.help)]
    Refused(Box<ProblemBody>),
    /// An order that was followed came to another end than `done`.
    #[error(
        "error[order.not-done]: the order {id} is {state}\n  = help: `valet-control orders {id}` says what the host said of it"
    )]
    NotDone { id: String, state: String },
}

impl ClientError {
    /// The exit code, which is stable.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Refused(_) | Self::NotDone { .. } => 1,
            Self::NoToken
            | Self::TokenFile { .. }
            | Self::Address { .. }
            | Self::PlainHttp { .. } => 3,
            Self::NoAnswer { .. } | Self::NotTheApi { .. } => 7,
        }
    }
}

/// The server, with a token.
pub struct Client {
    agent: Agent,
    address: String,
    token: String,
    timeout: Duration,
}

impl Client {
    pub fn new(arguments: &ServerArguments) -> Result<Self, ClientError> {
        Self::with_timeout(arguments, TIMEOUT)
    }

    /// The same with another time that an answer may take.
    pub fn with_timeout(
        arguments: &ServerArguments,
        timeout: Duration,
    ) -> Result<Self, ClientError> {
        let address = arguments.server.trim_end_matches('/').to_owned();
        let problem = |detail: &str| ClientError::Address {
            address: address.clone(),
            detail: detail.to_owned(),
        };
        let url = Url::parse(&address).map_err(|error| problem(&error.to_string()))?;
        let is_loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => return Err(problem("it has no host")),
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            "http" => return Err(ClientError::PlainHttp { address }),
            scheme => return Err(problem(&format!("{scheme} is neither https nor http"))),
        }
        let mut config = Agent::config_builder()
            .timeout_connect(Some(timeout))
            .timeout_send_request(Some(timeout))
            .timeout_recv_response(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("valet-control/", env!("CARGO_PKG_VERSION")));
        if url.scheme() == "https" {
            config = config.tls_config(tls());
        } else {
            config = config.proxy(None);
        }
        Ok(Self {
            agent: config.build().new_agent(),
            token: token(arguments)?,
            timeout,
            address,
        })
    }

    /// Opens a stream of events, from the one after `last` on.
    pub fn open(
        &self,
        path: &str,
        last: Option<&str>,
    ) -> Result<impl std::io::Read + Send + use<>, ClientError> {
        let mut request = self
            .agent
            .get(format!("{}{path}", self.address))
            .header("accept", "text/event-stream")
            .header("authorization", self.bearer());
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.call();
        let is_stream = |response: &ureq::http::Response<ureq::Body>| {
            let kind = response.headers().get("content-type");
            kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
        };
        match response {
            Ok(response) if response.status() == 200 && is_stream(&response) => {
                Ok(response.into_body().into_reader())
            }
            // What else answers is a problem, or no server of ours.
            response => {
                let status = response
                    .as_ref()
                    .map_or(0, |response| response.status().as_u16());
                self.answer(response)?;
                Err(ClientError::NotTheApi {
                    address: self.address.clone(),
                    status,
                })
            }
        }
    }

    pub fn get(&self, path: &str) -> Result<Value, ClientError> {
        let request = self.agent.get(format!("{}{path}", self.address));
        let request = request.config().timeout_global(Some(self.timeout)).build();
        self.answer(request.header("authorization", self.bearer()).call())
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        let request = self
            .agent
            .post(format!("{}{path}", self.address))
            .header("content-type", "application/json")
            .config()
            .timeout_global(Some(self.timeout))
            .build();
        self.answer(
            request
                .header("authorization", self.bearer())
                .send(body.to_string()),
        )
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    fn answer(
        &self,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Value, ClientError> {
        let no_answer = |error: ureq::Error| ClientError::NoAnswer {
            address: self.address.clone(),
            detail: error.to_string(),
        };
        let mut response = response.map_err(no_answer)?;
        let status = response.status().as_u16();
        let limited = response.body_mut().with_config().limit(MAX_ANSWER_BYTES);
        let text = limited.read_to_string().map_err(no_answer)?;
        let not_the_api = || ClientError::NotTheApi {
            address: self.address.clone(),
            status,
        };
        let value: Value = serde_json::from_str(&text).map_err(|_| not_the_api())?;
        if status == 200 {
            return Ok(value);
        }
        let problem = serde_json::from_value(value).map_err(|_| not_the_api())?;
        Err(ClientError::Refused(Box::new(problem)))
    }
}

fn token(arguments: &ServerArguments) -> Result<String, ClientError> {
    let text = match &arguments.token_file {
        Some(path) => {
            let problem = |detail: String| ClientError::TokenFile {
                path: path.clone(),
                detail,
            };
            let text = fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
            if text.trim().is_empty() || text.trim().contains(char::is_whitespace) {
                return Err(problem("it does not have one word in it".to_owned()));
            }
            text
        }
        None => std::env::var("VALET_CONTROL_TOKEN").unwrap_or_default(),
    };
    match text.trim() {
        "" => Err(ClientError::NoToken),
        token => Ok(token.to_owned()),
    }
}

/// The system's authorities: a server inside of a company often has its own.
fn tls() -> TlsConfig {
    let found = rustls_native_certs::load_native_certs();
    let roots: Vec<Certificate<'static>> = found
        .certs
        .iter()
        .map(|one| Certificate::from_der(one.as_ref()).to_owned())
        .collect();
    TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(rustls::crypto::ring::default_provider().into())
        .build()
}
