//! Whatever happens, in whatever order: the runtime is told to stop only where no lease is held, or where a
//! drain's deadline is over.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use valet_protocol::local_api::{LeaseRequest, Registration, State, TaskOutcome};

use crate::api::sessions::Sessions;
use crate::drain::command::DrainCommand;
use crate::host::{HostFor, Shared};
use crate::state::part::Start;
use crate::state::{Deadline, DrainSource, HostState, RuntimeTarget};
use crate::testing;

/// What may happen to a host.
#[derive(Clone, Debug)]
enum Event {
    /// Time passes, in seconds.
    Wait(u16),
    Lease,
    /// The task of the n-th lease ends.
    Release(usize),
    /// The runtime's connection breaks, and it comes back after so many milliseconds or never.
    ConnectionBreaks(Option<u16>),
    Drain(DrainSource, Option<u16>),
    Withdraw(DrainSource),
    Resume,
    /// A step of the start fails: `start` orders the drain of a sick host.
    StartFails,
    /// The agent is killed, and starts again from its files.
    AgentRestarts,
    /// The runtime ends by itself, and all leases with it.
    RuntimeCrashes,
    PausedInHatchet,
    Ready,
}

fn source() -> impl Strategy<Value = DrainSource> {
    use DrainSource as S;
    prop::sample::select(vec![
        S::Spot,
        S::Rebalance,
        S::Group,
        S::Maintenance,
        S::ValetApi,
        S::Operator,
        S::Sick,
        S::Refresh,
        S::RestartRuntime,
        S::RestartServices,
        S::Stop,
    ])
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0_u16..40).prop_map(Event::Wait),
        4 => Just(Event::Lease),
        2 => (0_usize..4).prop_map(Event::Release),
        1 => prop::option::of(0_u16..3000).prop_map(Event::ConnectionBreaks),
        3 => (source(), prop::option::of(0_u16..200)).prop_map(|(s, d)| Event::Drain(s, d)),
        1 => source().prop_map(Event::Withdraw),
        1 => Just(Event::Resume),
        1 => Just(Event::StartFails),
        2 => Just(Event::AgentRestarts),
        1 => Just(Event::RuntimeCrashes),
        2 => Just(Event::PausedInHatchet),
        3 => Just(Event::Ready),
    ]
}

/// The agent of a host, as far as it decides about the runtime.
struct Agent {
    folder: tempfile::TempDir,
    host: Shared,
    sessions: Arc<Sessions>,
    parts: Vec<tokio::task::JoinHandle<()>>,
    /// The connection of the runtime; a new number for each.
    connection: u64,
    /// Tasks that run, by what the runtime knows of their leases.
    held: Vec<String>,
    /// Whether the runtime has been told to stop, as the last look saw it.
    stopped: bool,
}

impl Agent {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (host, sessions, parts) = Self::start(&folder);
        Self {
            folder,
            host,
            sessions,
            parts,
            connection: 1,
            held: Vec::new(),
            stopped: false,
        }
    }

    fn start(
        folder: &tempfile::TempDir,
    ) -> (Shared, Arc<Sessions>, Vec<tokio::task::JoinHandle<()>>) {
        let mut config = testing::config(folder.path());
        config.heartbeat.url = None;
        let (host, commands) = testing::host(config);
        let sessions = Arc::new(Sessions::new(HostFor::of(&host)));
        host.edit(|current| {
            current.secrets_ready = true;
            current.prepared = true;
            current.runtime.seen = true;
            current.runtime.running = true;
            true
        });
        let waiting = sessions.clone();
        let parts = vec![
            tokio::spawn(super::run(HostFor::of(&host), commands)),
            tokio::spawn(async move { waiting.give_up_waiting().await }),
        ];
        (host, sessions, parts)
    }

    async fn apply(&mut self, event: Event) {
        match event {
            Event::Wait(seconds) => {
                for _ in 0..seconds {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    self.check();
                }
            }
            Event::Lease => {
                let request = LeaseRequest::default();
                self.held
                    .extend(self.sessions.lease(self.connection, request));
            }
            Event::Release(at) if at < self.held.len() => {
                let id = self.held.remove(at);
                self.sessions.give_back(&id, TaskOutcome::Finished);
            }
            Event::Release(_) => {}
            Event::ConnectionBreaks(back) => self.connection_breaks(back).await,
            Event::Drain(source, within) => {
                let deadline =
                    within.map(|seconds| Deadline::within(Duration::from_secs(seconds.into())));
                let cause = "an event".to_owned();
                self.host
                    .send_command(DrainCommand::Drain {
                        source,
                        cause,
                        deadline,
                    })
                    .await;
            }
            Event::Withdraw(source) => {
                let cause = "an event".to_owned();
                self.host
                    .send_command(DrainCommand::Withdraw { source, cause })
                    .await;
            }
            Event::Resume => {
                let cause = "an event".to_owned();
                self.host.send_command(DrainCommand::Resume { cause }).await;
            }
            Event::StartFails => {
                let command = DrainCommand::unhealthy(&self.host.config, "a step".to_owned());
                self.host.send_command(command).await;
            }
            Event::AgentRestarts => {
                for part in self.parts.drain(..) {
                    part.abort();
                    let _ = part.await;
                }
                (self.host, self.sessions, self.parts) = Self::start(&self.folder);
                // Who holds leases comes back for them when it has noticed.
                self.come_back().await;
            }
            Event::RuntimeCrashes => {
                self.held.clear();
                self.sessions.closed(self.connection);
                self.connection += 1;
                self.host.edit(|current| {
                    current.runtime.running = false;
                    current.runtime.registration = None;
                    true
                });
                tokio::time::sleep(Duration::from_millis(10)).await;
                if self.host.read(HostState::runtime_wanted) != RuntimeTarget::Stopped {
                    self.host.edit(|current| {
                        current.runtime.running = true;
                        true
                    });
                }
            }
            Event::PausedInHatchet => {
                self.host.edit(|current| {
                    current.hatchet.paused = Some("worker".to_owned());
                    true
                });
            }
            Event::Ready => {
                let fits = self
                    .host
                    .read(|current| current.state == State::Starting && current.drain.is_none());
                if fits {
                    self.register();
                    HostFor::<Start>::of(&self.host).transition(State::Ready, "a test");
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.check();
    }

    fn register(&self) {
        let registered = self.sessions.register(Registration {
            worker_id: "worker".to_owned(),
            pid: std::process::id(),
            slots: 4,
        });
        registered.expect("it is a registration");
    }

    async fn connection_breaks(&mut self, back: Option<u16>) {
        self.sessions.closed(self.connection);
        self.connection += 1;
        match back {
            Some(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
                self.come_back().await;
            }
            // Its tasks are as good as gone: the client is.
            None => self.held.clear(),
        }
    }

    async fn come_back(&mut self) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.register();
        for id in std::mem::take(&mut self.held) {
            let request = LeaseRequest {
                task: None,
                continues: Some(id),
            };
            self.held
                .extend(self.sessions.lease(self.connection, request));
        }
    }

    /// The rule. What counts is the moment when the runtime is told to stop, and what its tasks then are to
    /// the runtime, not to the agent.
    fn check(&mut self) {
        let (stopped, excused, drain) = self.host.read(|current| {
            let drain = current.drain.as_ref();
            let excused = drain.is_some_and(|drain| drain.aborting);
            let stopped = current.runtime_wanted() == RuntimeTarget::Stopped;
            (stopped, excused, format!("{drain:?}"))
        });
        if stopped && !self.stopped {
            assert!(
                self.held.is_empty() || excused,
                "SIGTERM with {} leases held: {drain}",
                self.held.len()
            );
        }
        self.stopped = stopped;
        if stopped {
            // The runtime ends, and every task with it.
            self.held.clear();
            self.sessions.closed(self.connection);
            self.connection += 1;
            self.host.edit(|current| {
                current.runtime.running = false;
                current.runtime.registration = None;
                true
            });
        } else {
            self.host.edit(|current| {
                let news = !current.runtime.running;
                current.runtime.running = true;
                news
            });
        }
    }
}

fn play(events: Vec<Event>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        testing::provider();
        let mut agent = Agent::new();
        agent.apply(Event::Ready).await;
        for event in events {
            agent.apply(event).await;
        }
        for part in agent.parts {
            part.abort();
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sigterm_while_leases_are_held_except_at_a_drains_deadline(
        events in prop::collection::vec(event(), 1..40)
    ) {
        play(events);
    }
}

#[test]
fn a_connection_that_breaks_while_the_host_drains_costs_no_task() {
    play(vec![
        Event::Lease,
        Event::PausedInHatchet,
        Event::Drain(DrainSource::Operator, None),
        Event::Wait(20),
        Event::ConnectionBreaks(Some(1500)),
        Event::Wait(30),
    ]);
}
