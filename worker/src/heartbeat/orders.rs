//! The orders of the control plane. Each is carried out once, however often it is sent and however often
//! the agent is restarted meanwhile.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use valet_protocol::heartbeat_v2::{Order, OrderAction, OrderOutcome, OrderStatus};
use valet_protocol::local_api::State;

use crate::drain::command::DrainCommand;
use crate::state::{Deadline, DrainSource, DrainState, HostState};
use crate::text::one_line;

/// Orders that are remembered, the oldest of which go first.
const MAX_ORDERS: usize = 100;

/// The most characters of an order's id.
const MAX_ID_CHARS: usize = 64;

/// The most characters of a cause that count.
const MAX_CAUSE_CHARS: usize = 256;

/// A deadline that is further away is taken for this: the clock may be wrong.
const MAX_DEADLINE: std::time::Duration = std::time::Duration::from_hours(7 * 24);

/// The orders of this boot, oldest first.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Orders(VecDeque<KnownOrder>);

/// An order and what became of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct KnownOrder {
    order: Order,
    outcome: OrderOutcome,
    #[serde(default)]
    detail: Option<String>,
    /// Whether its drain has begun, and so is kept by the drain over a restart of the agent.
    #[serde(default)]
    begun: bool,
    /// Whether the server has had the outcome.
    #[serde(default)]
    delivered: bool,
    /// Whether the last response had it.
    #[serde(default)]
    standing: bool,
}

impl KnownOrder {
    fn is_over(&self) -> bool {
        self.outcome != OrderOutcome::Accepted
    }
}

/// How an order stands, by the state of the host.
#[derive(Debug, PartialEq, Eq)]
enum Progress {
    Waiting,
    Begun,
    Over(OrderOutcome, Option<String>),
}

impl Orders {
    /// Takes a response's order, which is to be persisted before it is carried out. Returns whether it is
    /// a new one that is.
    pub fn receive(
        &mut self,
        order: Option<Order>,
        current: &HostState,
        now: Timestamp,
    ) -> Option<Order> {
        for known in &mut self.0 {
            known.standing = order
                .as_ref()
                .is_some_and(|order| order.id == known.order.id);
        }
        let order = order?;
        if !is_id(&order.id) {
            let id = one_line(&order.id);
            tracing::warn!(id, "an order's id is not valid; the order is ignored");
            return None;
        }
        if self.0.iter().any(|known| known.order.id == order.id) {
            return None;
        }
        let refusal = refusal(&order, current, now);
        let known = KnownOrder {
            outcome: match refusal {
                Some(_) => OrderOutcome::Refused,
                None => OrderOutcome::Accepted,
            },
            order: order.clone(),
            detail: refusal,
            begun: false,
            delivered: false,
            standing: true,
        };
        let (id, action, detail) = (&order.id, order.action, &known.detail);
        tracing::info!(id, ?action, outcome = ?known.outcome, detail, "order of the control plane");
        let accepted = !known.is_over();
        if self.0.len() == MAX_ORDERS {
            self.0.pop_front();
        }
        self.0.push_back(known);
        accepted.then_some(order)
    }

    /// Orders that were accepted by an earlier process of the agent, which ended before their drain was
    /// saved.
    #[must_use]
    pub fn unbegun(&self) -> Vec<Order> {
        let unbegun = self
            .0
            .iter()
            .filter(|known| !known.is_over() && !known.begun);
        unbegun.map(|known| known.order.clone()).collect()
    }

    /// Looks what has become of the orders. Returns whether anything is different.
    pub fn observe(&mut self, current: &HostState) -> bool {
        let mut news = false;
        for known in self.0.iter_mut().filter(|known| !known.is_over()) {
            match progress(known, current) {
                Progress::Waiting => {}
                Progress::Begun => {
                    news |= !known.begun;
                    known.begun = true;
                }
                Progress::Over(outcome, detail) => {
                    let (id, detail) = (&known.order.id, detail.as_deref().map(one_line));
                    tracing::info!(id, ?outcome, detail, "order of the control plane");
                    known.outcome = outcome;
                    known.detail = detail;
                    news = true;
                }
            }
        }
        news
    }

    /// Whether [`observe`](Self::observe) would find anything different.
    #[must_use]
    pub fn would_change(&self, current: &HostState) -> bool {
        let mut open = self.0.iter().filter(|known| !known.is_over());
        open.any(|known| match progress(known, current) {
            Progress::Waiting => false,
            Progress::Begun => !known.begun,
            Progress::Over(..) => true,
        })
    }

    /// What the next heartbeat says: of the order that stands, of those that are not over, and of those
    /// whose outcome the server does not know.
    #[must_use]
    pub fn statuses(&self) -> Vec<OrderStatus> {
        let told = |known: &&KnownOrder| known.standing || !known.is_over() || !known.delivered;
        self.0
            .iter()
            .filter(told)
            .map(|known| OrderStatus {
                id: known.order.id.clone(),
                outcome: known.outcome,
                detail: known.detail.clone(),
            })
            .collect()
    }

    /// The server has taken a heartbeat with these.
    pub fn delivered(&mut self, statuses: &[OrderStatus]) {
        for known in self.0.iter_mut().filter(|known| known.is_over()) {
            known.delivered |= statuses
                .iter()
                .any(|status| status.id == known.order.id && status.outcome == known.outcome);
        }
    }
}

fn is_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=MAX_ID_CHARS).contains(&id.len()) && id.bytes().all(plain)
}

/// Why an order is not carried out at all.
fn refusal(order: &Order, current: &HostState, now: Timestamp) -> Option<String> {
    if order.expires.is_some_and(|expires| expires <= now) {
        return Some("it expired before it began".to_owned());
    }
    match order.action {
        OrderAction::Unknown => Some("this agent does not know the action".to_owned()),
        OrderAction::RestartRuntime | OrderAction::RestartServices => {
            let ends = current.drain.as_ref().and_then(kept_by);
            let unhealthy = current.state == State::Unhealthy;
            ends.or_else(|| unhealthy.then(|| current.cause.clone()))
                .map(|cause| format!("the host ends: {cause}"))
        }
        OrderAction::Drain | OrderAction::Resume => None,
    }
}

/// Why a drain goes on whatever the control plane orders.
fn kept_by(drain: &DrainState) -> Option<String> {
    let mut others = drain
        .causes
        .iter()
        .filter(|(source, _)| !source.resumable());
    others.next().map(|(_, cause)| cause.clone())
}

/// The source of the drain that an order asks for.
fn source(action: OrderAction) -> Option<DrainSource> {
    match action {
        OrderAction::Drain => Some(DrainSource::ValetApi),
        OrderAction::RestartRuntime => Some(DrainSource::RestartRuntime),
        OrderAction::RestartServices => Some(DrainSource::RestartServices),
        OrderAction::Resume | OrderAction::Unknown => None,
    }
}

fn progress(known: &KnownOrder, current: &HostState) -> Progress {
    let drain = current.drain.as_ref();
    let Some(source) = source(known.order.action) else {
        return resumed(drain);
    };
    let drains = drain.is_some_and(|drain| drain.causes.contains_key(&source));
    let finished = drain.is_some_and(DrainState::finished);
    match (known.order.action, drains) {
        (OrderAction::Drain, true) if finished => Progress::Over(OrderOutcome::Done, None),
        (_, true) => Progress::Begun,
        (_, false) if !known.begun => Progress::Waiting,
        (OrderAction::Drain, false) => Progress::Over(
            OrderOutcome::Failed,
            Some("the drain was taken back".to_owned()),
        ),
        // The drain for the restart is over: the host comes up again, or does not.
        (_, false) => match (current.state, drain.and_then(kept_by)) {
            (State::Ready, _) => Progress::Over(OrderOutcome::Done, None),
            (State::Unhealthy, _) => {
                Progress::Over(OrderOutcome::Failed, Some(current.cause.clone()))
            }
            (_, Some(cause)) => Progress::Over(
                OrderOutcome::Failed,
                Some(format!("the host ends: {cause}")),
            ),
            _ => Progress::Waiting,
        },
    }
}

fn resumed(drain: Option<&DrainState>) -> Progress {
    let Some(drain) = drain else {
        return Progress::Over(OrderOutcome::Done, None);
    };
    match kept_by(drain) {
        Some(cause) => Progress::Over(
            OrderOutcome::Failed,
            Some(format!("the host keeps draining: {cause}")),
        ),
        None => Progress::Waiting,
    }
}

/// What the drain is told.
#[must_use]
pub fn command(order: &Order) -> DrainCommand {
    let cause = order
        .cause
        .as_deref()
        .unwrap_or("ordered by the control plane");
    let cause: String = cause.chars().take(MAX_CAUSE_CHARS).collect();
    match source(order.action) {
        Some(source) => DrainCommand::Drain {
            source,
            cause,
            deadline: order
                .deadline
                .map(|time| Deadline::before(time, std::time::Duration::ZERO, MAX_DEADLINE)),
        },
        None => DrainCommand::Resume { cause },
    }
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
