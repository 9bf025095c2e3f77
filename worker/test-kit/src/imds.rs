//! The instance metadata service, version 2 only.
//!
//! Paths, headers and forms are those of the EC2 user guide, "Use instance metadata" and "Instance
//! metadata categories".

mod answers;

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use valet_imds::{FORWARDED_HEADER, TOKEN_HEADER, TTL_HEADER, Tokens};

use crate::server::Server;
use crate::shared::Shared;

/// What the service says of the instance.
#[derive(Clone, Debug)]
pub struct Instance {
    pub id: String,
    pub kind: String,
    pub region: String,
    pub zone: String,
    /// `spot` or `on-demand`.
    pub life_cycle: String,
    /// The instance's tags, where its metadata shows them; `None` answers 404, as EC2 does where
    /// `instance_metadata_tags` is off.
    pub tags: Option<BTreeMap<String, String>>,
    /// The role of the instance profile.
    pub role: String,
}

impl Default for Instance {
    fn default() -> Self {
        let tags = [
            ("Name", "valet-worker"),
            ("aws:autoscaling:groupName", "valet-workers-spot"),
        ];
        Self {
            id: "i-0123456789abcdef0".to_owned(),
            kind: "m7i.xlarge".to_owned(),
            region: "us-east-1".to_owned(),
            zone: "us-east-1a".to_owned(),
            life_cycle: "spot".to_owned(),
            tags: Some(
                tags.map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .into(),
            ),
            role: "valet-worker".to_owned(),
        }
    }
}

/// What happens to a spot instance at the time that its notice names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpotAction {
    Terminate,
    Stop,
    Hibernate,
}

/// What goes wrong with every request while it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This status instead of an answer.
    Status(u16),
    /// The right answer, this late.
    Stall(Duration),
}

/// One request, as it was answered.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// 0 until it is answered, which one that was given up is not.
    pub status: u16,
    pub at: Instant,
}

/// What is announced at the moment. Times are texts, as the service writes them.
#[derive(Clone, Debug, Default)]
struct Notices {
    spot: Option<(SpotAction, String)>,
    rebalance: Option<String>,
    target_state: String,
    maintenance: serde_json::Value,
}

struct Service {
    instance: Instance,
    notices: Notices,
    /// The signed identity document, where a test needs one that is really signed.
    rsa2048: Option<String>,
    fault: Option<Fault>,
    tokens: Tokens,
    asked: Vec<Asked>,
}

/// A running metadata service.
pub struct Imds {
    server: Server,
    service: Shared<Service>,
}

impl Imds {
    /// Starts on a free port, with nothing announced and the instance in service.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start(instance: Instance) -> io::Result<Self> {
        let service = Shared::new(Service {
            instance,
            notices: Notices {
                target_state: "InService".to_owned(),
                maintenance: serde_json::json!([]),
                ..Notices::default()
            },
            rsa2048: None,
            fault: None,
            tokens: Tokens::default(),
            asked: Vec::new(),
        });
        let router = Router::new().fallback(answer).with_state(service.clone());
        Ok(Self {
            server: Server::start(router).await?,
            service,
        })
    }

    /// Its address, for `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The server, to be cut or stopped.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Announces what happens to the spot instance this long from now.
    pub fn announce_spot(&self, action: SpotAction, from_now: Duration) {
        let time = crate::clock::in_text(from_now);
        self.service
            .with(|service| service.notices.spot = Some((action, time)));
    }

    /// Says this at `/latest/dynamic/instance-identity/rsa2048`, such as what [`crate::identity::Signer`] has signed.
    pub fn set_rsa2048(&self, signed: &str) {
        self.service
            .with(|service| service.rsa2048 = Some(signed.to_owned()));
    }

    /// Takes the spot notice back.
    pub fn cancel_spot(&self) {
        self.service.with(|service| service.notices.spot = None);
    }

    /// Recommends to rebalance, as of now, or takes that back.
    pub fn recommend_rebalance(&self, recommended: bool) {
        let notice = recommended.then(|| crate::clock::in_text(Duration::ZERO));
        self.service
            .with(|service| service.notices.rebalance = notice);
    }

    /// Says where Auto Scaling wants the instance: `InService`, `Terminated`, `Warmed:Stopped`.
    pub fn set_target_state(&self, state: &str) {
        self.service
            .with(|service| service.notices.target_state = state.to_owned());
    }

    /// Schedules maintenance of this code, such as `instance-retirement`, this long from now.
    pub fn schedule_maintenance(&self, code: &str, from_now: Duration) {
        let event = answers::maintenance(code, from_now);
        self.service
            .with(|service| service.notices.maintenance = serde_json::json!([event]));
    }

    /// Takes scheduled maintenance back.
    pub fn cancel_maintenance(&self) {
        self.service
            .with(|service| service.notices.maintenance = serde_json::json!([]));
    }

    /// Lets every request go wrong, or well again.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.service.with(|service| service.fault = fault);
    }

    /// Refuses all tokens that were given out: whoever asks has to get a new one.
    pub fn forget_tokens(&self) {
        self.service.with(|service| service.tokens.revoke());
    }

    /// Gives out tokens that hold no longer than this, whatever is asked for.
    pub fn limit_token_life(&self, life: Duration) {
        self.service.with(|service| service.tokens.limit_ttl(life));
    }

    /// Every request so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.service.with(|service| service.asked.clone())
    }

    /// How many requests for this path were answered with this status.
    #[must_use]
    pub fn count(&self, path: &str, status: u16) -> usize {
        self.service.with(|service| {
            let of_path = service.asked.iter().filter(|asked| asked.path == path);
            of_path.filter(|asked| asked.status == status).count()
        })
    }
}

async fn answer(State(service): State<Shared<Service>>, request: Request) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let number = service.with(|service| {
        service.asked.push(Asked {
            method: method.to_string(),
            path: path.clone(),
            status: 0,
            at: Instant::now(),
        });
        service.asked.len() - 1
    });
    let response = match service.with(|service| service.fault) {
        Some(Fault::Status(status)) => StatusCode::from_u16(status)
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response(),
        Some(Fault::Stall(time)) => {
            tokio::time::sleep(time).await;
            service.with(|service| service.answer(&method, &path, request.headers()))
        }
        None => service.with(|service| service.answer(&method, &path, request.headers())),
    };
    let status = response.status().as_u16();
    service.with(|service| service.asked[number].status = status);
    response
}

impl Service {
    fn answer(&mut self, method: &Method, path: &str, headers: &HeaderMap) -> Response {
        let metadata_request = valet_imds::Request {
            method: method.as_str(),
            path,
            token: header(headers, TOKEN_HEADER),
            ttl: header(headers, TTL_HEADER),
            is_forwarded: headers.contains_key(FORWARDED_HEADER),
        };
        let mut metadata = answers::metadata(&self.instance, &self.notices);
        if let Some(signed) = &self.rsa2048 {
            metadata.set("dynamic/instance-identity/rsa2048", signed.clone());
        }
        let answer = valet_imds::respond(metadata_request, &metadata, &mut self.tokens);
        let status = StatusCode::from_u16(answer.status).unwrap_or_default();
        let ttl = answer.ttl_header().map(|ttl| (TTL_HEADER, ttl));
        let headers = AppendHeaders(ttl);
        (status, headers, answer.body).into_response()
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
