//! An engine of Hatchet: the dispatcher by gRPC and the API by REST on one port, one tenant, a
//! queue, and a scheduler that treats workers as the real one (v0.104) does.
//!
//! - A worker whose last heartbeat is older than 5 s is inactive and gets nothing.
//! - 30 s after the last heartbeat what it ran is given to others, whether or not it still runs.
//! - A pause takes a moment: until then the scheduler still assigns.
//! - Every registration makes a new worker. Labels are upserted by key and never deleted.

mod grpc;
mod rest;
mod schedule;
mod state;
mod token;

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use hatchet_proto::root::dispatcher_server::DispatcherServer;
use hatchet_proto::v1::admin_service_server::AdminServiceServer;
use tokio::task::JoinHandle;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;

pub use state::{Attempt, AttemptOutcome, Label, TaskRun, WorkerView};

use crate::server::Server;
use crate::shared::Shared;
use state::State;

/// The tenant of every token.
pub const TENANT: &str = "707d0855-80ab-4e1f-a156-f1c4546cbf52";

/// How long the engine waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Without a heartbeat for so long, a worker is inactive. The SDK sends one every 4 s, so it
    /// cannot be below that.
    pub inactive_after: Duration,
    /// Without a heartbeat for so long, what a worker runs is given to others.
    pub reassign_after: Duration,
    /// How long the scheduler still assigns to a worker that has been paused.
    pub pause_takes: Duration,
    /// How long the scheduler assigns nothing yet to a worker that goes on.
    pub resume_takes: Duration,
    /// Between two rounds of the scheduler.
    pub round: Duration,
    /// Whether a task goes to the worker that has the fewest; to the one that registered first otherwise.
    pub spreads: bool,
}

impl Default for Pace {
    /// The real engine's, with a pause that takes as long as a quick one does there and a worker that goes on at once.
    fn default() -> Self {
        Self {
            inactive_after: Duration::from_secs(5),
            reassign_after: Duration::from_secs(30),
            pause_takes: Duration::from_secs(1),
            resume_takes: Duration::ZERO,
            round: Duration::from_millis(20),
            spreads: false,
        }
    }
}

/// A running engine.
pub struct Engine {
    server: Server,
    state: Shared<State>,
    scheduler: JoinHandle<()>,
}

impl Engine {
    /// Starts on a free port, with an empty queue and no worker.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start(pace: Pace) -> io::Result<Self> {
        let state = Shared::new(State::new(pace));
        let services = grpc::Services::new(state.clone());
        // The SDK compresses everything that it sends.
        let dispatcher =
            DispatcherServer::new(services.clone()).accept_compressed(CompressionEncoding::Gzip);
        let admin = AdminServiceServer::new(services).accept_compressed(CompressionEncoding::Gzip);
        let router = Routes::new(dispatcher)
            .add_service(admin)
            .into_axum_router()
            .merge(rest::router(state.clone()));
        let server = Server::start(router).await?;
        let scheduler = tokio::spawn(schedule::rounds(state.clone(), pace.round));
        Ok(Self {
            server,
            state,
            scheduler,
        })
    }

    /// A token of the tenant that names this engine and expires after this time.
    #[must_use]
    pub fn token(&self, life: Duration) -> String {
        let expires = crate::clock::unix_seconds() + life.as_secs();
        let token = token::make(&self.server, expires);
        self.state
            .with(|state| state.tokens.insert(token.clone(), expires));
        token
    }

    /// What a client's environment says of this engine.
    #[must_use]
    pub fn environment(&self, token: &str) -> BTreeMap<String, String> {
        let variables = [
            ("HATCHET_CLIENT_TOKEN", token.to_owned()),
            ("HATCHET_CLIENT_TLS_STRATEGY", "none".to_owned()),
            (
                "HATCHET_CLIENT_HOST_PORT",
                self.server.address().to_string(),
            ),
            ("HATCHET_CLIENT_API_URL", self.server.url()),
        ];
        variables
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    /// Refuses every token that was made so far.
    pub fn expire_tokens(&self) {
        self.state
            .with(|state| state.tokens.values_mut().for_each(|expires| *expires = 0));
    }

    /// The server, to be cut, stopped and started again. The queue and the workers outlive that, as
    /// they do in the real engine's database; the streams do not.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Lets the API by REST fail, or answer again. The dispatcher goes on.
    pub fn set_api_failing(&self, fails: bool) {
        self.state.with(|state| state.api_fails = fails);
    }

    /// Lets so many looks at a worker show a task fewer than it has, as when one ends at that moment.
    pub fn miscount(&self, looks: usize) {
        self.state.with(|state| state.miscounts = looks);
    }

    /// Looks that are still to be miscounted.
    #[must_use]
    pub fn miscounts(&self) -> usize {
        self.state.with(|state| state.miscounts)
    }

    /// Ends every stream of assignments with an error, and leaves the connections.
    pub fn cut_streams(&self) {
        self.state.with(State::cut_streams);
    }

    /// Puts a task into the queue and returns its id. `action` is `workflow:task` in lower case.
    #[must_use]
    pub fn push(&self, action: &str, input: &serde_json::Value, retries: u32) -> String {
        self.state.with(|state| state.push(action, input, retries))
    }

    /// Another host that finishes what it gets after this time, so that work given back has
    /// somewhere to go.
    pub fn add_other_host(&self, actions: &[&str], slots: u32, takes: Duration) {
        self.state
            .with(|state| state.add_other_host(actions, slots, takes));
    }

    /// Every worker that ever registered, oldest first.
    #[must_use]
    pub fn workers(&self) -> Vec<WorkerView> {
        self.state.with(|state| state.views())
    }

    /// The worker of this id.
    #[must_use]
    pub fn worker(&self, id: &str) -> Option<WorkerView> {
        self.state.with(|state| state.view(id))
    }

    /// Every task with what became of it, in the order they were pushed.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskRun> {
        self.state.with(|state| state.tasks.clone())
    }

    /// The task of this id.
    #[must_use]
    pub fn task(&self, id: &str) -> Option<TaskRun> {
        self.tasks().into_iter().find(|task| task.id == id)
    }

    /// Forgets tasks that have come to their end. Who plays for hours would wait for each of them in every round.
    pub fn forget_ended(&self) {
        self.state
            .with(|state| state.tasks.retain(|task| !task.is_over()));
    }

    /// How many requests for task statistics there were, and how many of them were one too many.
    #[must_use]
    pub fn asked_for_statistics(&self) -> (usize, usize) {
        self.state
            .with(|state| (state.statistics_asked.len(), state.statistics_refused))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.scheduler.abort();
    }
}
