//! What the parts share.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use valet_protocol::Config;
use valet_protocol::local_api::State;

use crate::aws::Aws;
use crate::orders::Order;
use crate::state::Facts;
use crate::systemd::Systemd;
use crate::web::Web;

/// The host, as every part holds it.
pub type Shared = Arc<Host>;

/// Orders that wait to be taken. More than this many at once is somebody flooding the API, who
/// then waits.
const ORDERS: usize = 64;

/// What the parts share. See the crate's page for how they meet in it.
#[derive(Debug)]
pub struct Host {
    pub config: Config,
    pub aws: Aws,
    /// For the Valet API and Hatchet, and for AWS too.
    pub web: Web,
    pub systemd: Systemd,
    facts: watch::Sender<Facts>,
    orders: mpsc::Sender<Order>,
    secrets: watch::Sender<BTreeMap<String, SecretString>>,
    ending: CancellationToken,
}

impl Host {
    /// A host of which nothing is known, and the receiver of its orders.
    #[must_use]
    pub fn new(config: Config, aws: Aws, web: Web) -> (Shared, mpsc::Receiver<Order>) {
        let (orders, taken) = mpsc::channel(ORDERS);
        let host = Self {
            systemd: Systemd::of_agent(&config.paths.runtime_directory),
            config,
            aws,
            facts: watch::Sender::new(Facts::new()),
            orders,
            secrets: watch::Sender::new(BTreeMap::new()),
            ending: CancellationToken::new(),
            web,
        };
        (Arc::new(host), taken)
    }

    /// The facts as they are now.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.facts.borrow().clone()
    }

    /// One look at the facts, without a copy of all of them.
    pub fn look<T>(&self, look: impl FnOnce(&Facts) -> T) -> T {
        look(&self.facts.borrow())
    }

    /// To wait for facts: `host.watch().wait_for(|facts| ...)`. Drop what it answers before
    /// anything is changed.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Facts> {
        self.facts.subscribe()
    }

    /// Waits until the facts are so.
    pub async fn until(&self, so: impl FnMut(&Facts) -> bool) {
        // An error means that the sender is gone, and this host holds it.
        let _ = self.facts.subscribe().wait_for(so).await;
    }

    /// Changes facts; who waits for them is woken only if `change` says that it changed any.
    pub fn change(&self, change: impl FnOnce(&mut Facts) -> bool) {
        self.facts.send_if_modified(change);
    }

    /// Brings the host into a state, and logs it once. Into the state that it is in already,
    /// nothing happens.
    pub fn transition(&self, state: State, cause: &str) {
        let mut from = None;
        self.facts.send_if_modified(|facts| {
            if facts.state == state {
                return false;
            }
            from = Some(facts.state);
            facts.state = state;
            facts.cause = cause.to_owned();
            facts.since = Timestamp::now();
            true
        });
        if let Some(from) = from {
            tracing::info!(from = from.word(), to = state.word(), cause, "state");
        }
    }

    /// Gives an order.
    pub async fn order(&self, order: Order) {
        if self.orders.send(order).await.is_err() {
            tracing::debug!("an order came after the end");
        }
    }

    /// The value of a secret that the agent itself uses.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.secrets.borrow().get(name).cloned()
    }

    /// Replaces the secrets that the agent itself uses. For `secrets` alone.
    pub fn keep_secrets(&self, secrets: BTreeMap<String, SecretString>) {
        self.secrets.send_replace(secrets);
    }

    /// Cancelled when the process is about to end: the drain is over, and each part has a few
    /// seconds for its last word.
    #[must_use]
    pub const fn ending(&self) -> &CancellationToken {
        &self.ending
    }
}
