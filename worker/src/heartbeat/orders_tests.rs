use super::*;
use crate::testing;

fn order(id: &str, action: OrderAction) -> Order {
    Order {
        id: id.to_owned(),
        action,
        cause: None,
        deadline: None,
        expires: None,
    }
}

fn draining(sources: &[DrainSource]) -> HostState {
    let mut current = HostState::new();
    current.state = State::Draining;
    let mut drain = testing::drain();
    drain.causes = sources
        .iter()
        .map(|source| (*source, format!("{source:?}")))
        .collect();
    current.drain = Some(drain);
    current
}

fn outcome(orders: &Orders, id: &str) -> Option<OrderOutcome> {
    let statuses = orders.statuses();
    let status = statuses.into_iter().find(|status| status.id == id)?;
    Some(status.outcome)
}

/// As an agent that starts again reads it.
fn restarted(orders: &Orders) -> Orders {
    serde_json::from_str(&serde_json::to_string(orders).unwrap()).unwrap()
}

#[test]
fn an_order_is_carried_out_once_whatever_repeats_it() {
    let (idle, now) = (HostState::new(), Timestamp::now());
    let mut orders = Orders::default();
    let first = order("o-1", OrderAction::Drain);
    assert!(orders.receive(Some(first.clone()), &idle, now).is_some());
    for _ in 0..5 {
        orders = restarted(&orders);
        assert!(orders.receive(Some(first.clone()), &idle, now).is_none());
    }
    // Another replica disagrees for a while.
    let second = order("o-2", OrderAction::Resume);
    assert!(orders.receive(Some(second), &idle, now).is_some());
    assert!(orders.receive(Some(first), &idle, now).is_none());
}

#[test]
fn an_order_whose_drain_was_not_saved_is_given_again_and_one_that_was_is_not() {
    let (idle, now) = (HostState::new(), Timestamp::now());
    let mut orders = Orders::default();
    orders.receive(Some(order("o-1", OrderAction::RestartRuntime)), &idle, now);
    assert_eq!(restarted(&orders).unbegun().len(), 1);
    assert!(orders.observe(&draining(&[DrainSource::RestartRuntime])));
    let mut orders = restarted(&orders);
    assert!(orders.unbegun().is_empty());
    assert!(
        !orders.observe(&HostState::new()),
        "the host is only starting"
    );
    let mut ready = HostState::new();
    ready.state = State::Ready;
    assert!(orders.would_change(&ready) && orders.observe(&ready));
    assert_eq!(outcome(&orders, "o-1"), Some(OrderOutcome::Done));
}

#[test]
fn the_outcome_is_repeated_until_the_server_has_it_and_sends_the_order_no_more() {
    let (idle, now) = (HostState::new(), Timestamp::now());
    let mut orders = Orders::default();
    orders.receive(Some(order("o-1", OrderAction::Resume)), &idle, now);
    assert_eq!(outcome(&orders, "o-1"), Some(OrderOutcome::Accepted));
    orders.observe(&idle);
    let sent = orders.statuses();
    orders.delivered(&sent);
    assert_eq!(outcome(&orders, "o-1"), Some(OrderOutcome::Done));
    orders.receive(None, &idle, now);
    assert!(orders.statuses().is_empty());
}

#[test]
fn what_the_host_cannot_do_is_refused_with_the_reason() {
    let now = Timestamp::now();
    let mut late = order("late", OrderAction::Drain);
    late.expires = Some(now);
    let spot = draining(&[DrainSource::Spot]);
    for (order, current, why) in [
        (late, HostState::new(), "expired"),
        (
            order("new", OrderAction::Unknown),
            HostState::new(),
            "does not know",
        ),
        (order("restart", OrderAction::RestartServices), spot, "Spot"),
    ] {
        let mut orders = Orders::default();
        assert!(orders.receive(Some(order), &current, now).is_none());
        let status = &orders.statuses()[0];
        assert_eq!(status.outcome, OrderOutcome::Refused);
        assert!(status.detail.as_ref().unwrap().contains(why), "{status:?}");
    }
    let mut orders = Orders::default();
    let bad = order("../x", OrderAction::Drain);
    assert!(orders.receive(Some(bad), &HostState::new(), now).is_none());
    assert!(orders.statuses().is_empty());
}

#[test]
fn a_drain_is_done_when_no_task_runs_and_a_resume_fails_where_ec2_ends_the_host() {
    let (idle, now) = (HostState::new(), Timestamp::now());
    let mut orders = Orders::default();
    orders.receive(Some(order("o-1", OrderAction::Drain)), &idle, now);
    let mut current = draining(&[DrainSource::ValetApi, DrainSource::Spot]);
    orders.observe(&current);
    assert_eq!(outcome(&orders, "o-1"), Some(OrderOutcome::Accepted));
    current.drain.as_mut().unwrap().stage = crate::state::DrainStage::Finished;
    orders.observe(&current);
    assert_eq!(outcome(&orders, "o-1"), Some(OrderOutcome::Done));
    orders.receive(Some(order("o-2", OrderAction::Resume)), &current, now);
    orders.observe(&current);
    assert_eq!(outcome(&orders, "o-2"), Some(OrderOutcome::Failed));
}

#[test]
fn no_more_orders_are_kept_than_the_limit() {
    let mut orders = Orders::default();
    for number in 0..250 {
        let order = order(&format!("o-{number}"), OrderAction::Resume);
        orders.receive(Some(order), &HostState::new(), Timestamp::now());
    }
    assert_eq!(orders.0.len(), MAX_ORDERS);
}
