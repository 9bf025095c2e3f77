//! What the parts share.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use valet_protocol::Config;
use valet_protocol::local_api::State;

use crate::aws::Aws;
use crate::drain::command::DrainCommand;
use crate::ended_sessions::EndedSessions;
use crate::http_client::HttpClient;
use crate::state::{HostState, StateMut, part};
use crate::systemd::Systemd;
use crate::text::one_line;

/// The host, as every part holds it.
pub type Shared = Arc<Host>;

/// Commands that may be queued. A client that floods the API with more has to wait.
const COMMANDS: usize = 64;

/// What the parts share. See the crate's page for how they meet in it.
#[derive(Debug)]
pub struct Host {
    pub config: Config,
    pub aws: Aws,
    /// For the Valet API and Hatchet, and for AWS too.
    pub http: HttpClient,
    pub systemd: Systemd,
    /// From the local API to the heartbeats.
    pub ended_sessions: EndedSessions,
    state: watch::Sender<HostState>,
    commands: mpsc::Sender<DrainCommand>,
    secrets: watch::Sender<BTreeMap<String, SecretString>>,
    ending: CancellationToken,
}

impl Host {
    /// A host of which nothing is known, the handles of those who write what is known, and the receiver of
    /// its drain commands.
    #[must_use]
    pub fn new(
        config: Config,
        aws: Aws,
        http: HttpClient,
    ) -> (Shared, Handles, mpsc::Receiver<DrainCommand>) {
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let host = Self {
            systemd: Systemd::of_agent(&config.paths.runtime_directory),
            ended_sessions: EndedSessions::restored(&config),
            config,
            aws,
            state: watch::Sender::new(HostState::new()),
            commands,
            secrets: watch::Sender::new(BTreeMap::new()),
            ending: CancellationToken::new(),
            http,
        };
        let host = Arc::new(host);
        let handles = Handles::new(&host);
        (host, handles, receiver)
    }

    /// A copy of the whole state.
    #[must_use]
    pub fn snapshot(&self) -> HostState {
        self.state.borrow().clone()
    }

    /// Reads the state without copying it.
    pub fn read<T>(&self, read: impl FnOnce(&HostState) -> T) -> T {
        read(&self.state.borrow())
    }

    /// A receiver to wait for changes: `host.subscribe().wait_for(|current| ...)`. Drop the guard
    /// that it returns before the state is updated.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<HostState> {
        self.state.subscribe()
    }

    /// Waits until the state satisfies the condition.
    pub async fn wait_until(&self, condition: impl FnMut(&HostState) -> bool) {
        // An error means that the sender is gone, and this host holds it.
        let _ = self.state.subscribe().wait_for(condition).await;
    }

    /// Brings the host into a state, and logs it once. Into the state that it is in already,
    /// nothing happens.
    fn transition(&self, state: State, cause: &str) {
        let cause = &*one_line(cause);
        let mut from = None;
        self.state.send_if_modified(|current| {
            if current.state == state {
                return false;
            }
            from = Some(current.state);
            current.state = state;
            current.cause = cause.to_owned();
            current.since = Timestamp::now();
            true
        });
        if let Some(from) = from {
            tracing::info!(from = from.as_str(), to = state.as_str(), cause, "state");
        }
    }

    /// Sends a command to the drain.
    pub async fn send_command(&self, command: DrainCommand) {
        if self.commands.send(command).await.is_err() {
            tracing::debug!("a drain command arrived after shutdown");
        }
    }

    /// The value of a secret that the agent itself uses.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.secrets.borrow().get(name).cloned()
    }

    /// Cancelled when the process is about to end: the drain is over, and each part has a few
    /// seconds for its last word.
    #[must_use]
    pub const fn ending(&self) -> &CancellationToken {
        &self.ending
    }
}

/// The host, as the part `P` holds it: everything of [`Host`], and [`update`](Self::update) for the facts that
/// `P` writes. There is one to begin with, which is given to the part; it is cloned for the part's own tasks.
///
/// ```no_run
/// use valet_worker::host::HostFor;
/// use valet_worker::state::part;
///
/// fn count(host: &HostFor<part::Api>) {
///     host.update(|current| {
///         *current.leases_mut() += 1;
///         true
///     });
/// }
/// ```
///
/// Who has the host as everybody holds it writes nothing:
///
/// ```compile_fail,E0599
/// use valet_worker::host::Shared;
///
/// fn count(host: &Shared) {
///     host.update(|current| {
///         *current.leases_mut() += 1;
///         true
///     });
/// }
/// ```
///
/// And nobody makes himself the handle of another part:
///
/// ```compile_fail,E0451
/// use std::marker::PhantomData;
/// use valet_worker::host::{HostFor, Shared};
/// use valet_worker::state::part;
///
/// fn take(host: Shared) -> HostFor<part::Api> {
///     HostFor { host, part: PhantomData }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct HostFor<P> {
    host: Shared,
    part: PhantomData<P>,
}

impl<P> Deref for HostFor<P> {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.host
    }
}

impl<P> HostFor<P> {
    fn new(host: &Shared) -> Self {
        Self {
            host: host.clone(),
            part: PhantomData,
        }
    }

    /// Updates the state. Waiting tasks are woken only if `update` returns true: something changed.
    pub fn update(&self, update: impl FnOnce(&mut StateMut<'_, P>) -> bool) {
        let state = &self.host.state;
        state.send_if_modified(|current| update(&mut StateMut::new(current)));
    }
}

impl HostFor<part::Start> {
    /// Brings the host into a state, and logs it once.
    pub fn transition(&self, state: State, cause: &str) {
        self.host.transition(state, cause);
    }

    /// Says why the state is what it is, where the state stays the same.
    pub fn explain(&self, cause: &str) {
        let cause = &*one_line(cause);
        self.host.state.send_if_modified(|current| {
            let news = current.cause != cause;
            current.cause = cause.to_owned();
            news
        });
    }
}

impl HostFor<part::Drain> {
    /// Brings the host into a state, and logs it once.
    pub fn transition(&self, state: State, cause: &str) {
        self.host.transition(state, cause);
    }
}

impl HostFor<part::Secrets> {
    /// Replaces the secrets that the agent itself uses.
    pub fn keep_secrets(&self, secrets: BTreeMap<String, SecretString>) {
        self.host.secrets.send_replace(secrets);
    }
}

/// The handle of each part that writes.
#[derive(Debug)]
pub struct Handles {
    pub api: HostFor<part::Api>,
    pub drain: HostFor<part::Drain>,
    pub group: HostFor<part::Group>,
    pub hatchet: HostFor<part::Hatchet>,
    pub metrics: HostFor<part::Metrics>,
    pub notices: HostFor<part::Notices>,
    pub runtime: HostFor<part::Runtime>,
    pub secrets: HostFor<part::Secrets>,
    pub services: HostFor<part::Services>,
    pub start: HostFor<part::Start>,
}

impl Handles {
    fn new(host: &Shared) -> Self {
        Self {
            api: HostFor::new(host),
            drain: HostFor::new(host),
            group: HostFor::new(host),
            hatchet: HostFor::new(host),
            metrics: HostFor::new(host),
            notices: HostFor::new(host),
            runtime: HostFor::new(host),
            secrets: HostFor::new(host),
            services: HostFor::new(host),
            start: HostFor::new(host),
        }
    }
}

/// Tests play every part, and what is around them.
#[cfg(test)]
mod tests {
    use super::{Host, HostFor, HostState, Shared};

    impl Host {
        /// Changes the state at will.
        pub fn edit(&self, edit: impl FnOnce(&mut HostState) -> bool) {
            self.state.send_if_modified(edit);
        }
    }

    impl<P> HostFor<P> {
        /// The handle of any part.
        pub fn of(host: &Shared) -> Self {
            Self::new(host)
        }
    }
}
