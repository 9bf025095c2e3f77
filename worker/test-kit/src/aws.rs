//! CloudWatch and Auto Scaling, as far as the agent calls them: `PutMetricData`,
//! `SetInstanceHealth`, `SetInstanceProtection`, `RecordLifecycleActionHeartbeat`, `CompleteLifecycleAction` and
//! `DescribeAutoScalingGroups`.
//!
//! moto has not those of lifecycle actions, and answers nobody with throttling. CloudWatch speaks Smithy's RPC v2
//! over CBOR, Auto Scaling the query protocol.

mod auto_scaling;
mod cloudwatch;

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;

pub use cloudwatch::Datum;

use crate::server::Server;
use crate::shared::Shared;

/// How a service answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// HTTP 400 with the service's own code for "too many requests".
    Throttling,
    /// HTTP 500, or another status of the service's own fault.
    Failing(u16),
    /// HTTP 403, as where the instance's role lacks the permission.
    Denied,
    /// The call arrives, and is never answered.
    Hanging,
}

/// One call of Auto Scaling.
#[derive(Clone, Debug)]
pub struct Call {
    /// Such as `CompleteLifecycleAction`.
    pub action: String,
    /// The parameters by their names.
    pub parameters: BTreeMap<String, String>,
    pub at: Instant,
}

/// One accepted `PutMetricData`.
#[derive(Clone, Debug)]
pub struct Put {
    pub namespace: String,
    pub data: Vec<Datum>,
    pub at: Instant,
}

#[derive(Default)]
struct Service {
    cloudwatch: Fault,
    auto_scaling: Fault,
    /// Of single actions of Auto Scaling; they count before the one of all.
    actions: BTreeMap<String, Fault>,
    puts: Vec<Put>,
    refused_puts: usize,
    malformed: Vec<String>,
    calls: Vec<Call>,
    /// Instances in service, each with its group.
    fleet: Vec<(String, String)>,
}

/// The running fake for both services.
pub struct Aws {
    server: Server,
    service: Shared<Service>,
}

impl Aws {
    /// Starts on a free port.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        let service = Shared::<Service>::default();
        let router = Router::new()
            .route("/", post(auto_scaling))
            .route(cloudwatch::PATH, post(cloudwatch))
            .with_state(service.clone());
        Ok(Self {
            server: Server::start(router).await?,
            service,
        })
    }

    /// Its address, for `AWS_ENDPOINT_URL_CLOUDWATCH` and `AWS_ENDPOINT_URL_AUTO_SCALING`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The server, to be cut or stopped.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// How CloudWatch answers from now on.
    pub fn set_cloudwatch(&self, fault: Fault) {
        self.service.with(|service| service.cloudwatch = fault);
    }

    /// How Auto Scaling answers from now on.
    pub fn set_auto_scaling(&self, fault: Fault) {
        self.service.with(|service| service.auto_scaling = fault);
    }

    /// How Auto Scaling answers calls of this action from now on, whatever it does with others.
    pub fn set_action(&self, action: &str, fault: Fault) {
        let action = action.to_owned();
        self.service
            .with(|service| service.actions.insert(action, fault));
    }

    /// Which instances are in service, each with its group.
    pub fn set_fleet(&self, fleet: &[(&str, &str)]) {
        let owned =
            |(instance, group): &(&str, &str)| ((*instance).to_owned(), (*group).to_owned());
        let fleet = fleet.iter().map(owned).collect();
        self.service.with(|service| service.fleet = fleet);
    }

    /// Every `PutMetricData` that was accepted.
    #[must_use]
    pub fn puts(&self) -> Vec<Put> {
        self.service.with(|service| service.puts.clone())
    }

    /// How many `PutMetricData` were accepted.
    #[must_use]
    pub fn accepted_puts(&self) -> usize {
        self.service.with(|service| service.puts.len())
    }

    /// Forgets the oldest `PutMetricData`, as if it had been lost on the way.
    pub fn forget_a_put(&self) {
        self.service.with(|service| service.puts.remove(0));
    }

    /// The values that were accepted under this metric name, oldest first.
    #[must_use]
    pub fn data(&self, metric: &str) -> Vec<Datum> {
        let puts = self.puts().into_iter();
        puts.flat_map(|put| put.data)
            .filter(|datum| datum.name == metric)
            .collect()
    }

    /// How many `PutMetricData` a bad fault refused.
    #[must_use]
    pub fn refused_puts(&self) -> usize {
        self.service.with(|service| service.refused_puts)
    }

    /// What could not be read, with the reason. A test that leaves something here has found a bug.
    #[must_use]
    pub fn malformed(&self) -> Vec<String> {
        self.service.with(|service| service.malformed.clone())
    }

    /// Every call of Auto Scaling, refused ones included.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.service.with(|service| service.calls.clone())
    }

    /// The calls of this action.
    #[must_use]
    pub fn calls_of(&self, action: &str) -> Vec<Call> {
        let calls = self.calls().into_iter();
        calls.filter(|call| call.action == action).collect()
    }
}

async fn cloudwatch(
    State(service): State<Shared<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = service.with(|service| {
        if service.cloudwatch != Fault::None {
            service.refused_puts += 1;
            return cloudwatch::refusal(service.cloudwatch);
        }
        match cloudwatch::read(&headers, &body) {
            Ok((namespace, data)) => {
                service.puts.push(Put {
                    namespace,
                    data,
                    at: Instant::now(),
                });
                Some(cloudwatch::acceptance())
            }
            Err(problem) => {
                let answer = cloudwatch::error(400, "InvalidParameterValueException", &problem);
                service.malformed.push(problem);
                Some(answer)
            }
        }
    });
    or_never(answer).await
}

async fn auto_scaling(State(service): State<Shared<Service>>, body: Bytes) -> Response {
    let answer = service.with(|service| {
        let call = auto_scaling::read(&body);
        let of_action = service.actions.get(&call.action).copied();
        let answer = match of_action.unwrap_or(service.auto_scaling) {
            Fault::None => Some(auto_scaling::answer(&call, &service.fleet)),
            fault => auto_scaling::refusal(fault),
        };
        service.calls.push(call);
        answer
    });
    or_never(answer).await
}

/// The answer, if there ever is one.
async fn or_never(answer: Option<Response>) -> Response {
    match answer {
        Some(answer) => answer,
        None => std::future::pending().await,
    }
}
