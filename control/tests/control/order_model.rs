//! Orders against a naive model: whatever people, hosts and clocks do in whatever order, each order is in the state that a
//! list on paper would say, and the host is sent the one that stands.

use axum::http::Method;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::support::{Agent, Api};

/// What happens. Orders are named by the number in which they were given.
#[derive(Clone, Debug)]
enum Step {
    Give(&'static str),
    Cancel(usize),
    /// The host speaks, and says what became of some orders. Whether its heartbeat was overtaken by another one.
    Beat(Vec<(usize, &'static str)>, bool),
    /// The time in which an order should have begun is over.
    GoesBy(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let action = proptest::sample::select(vec!["drain", "resume", "restart"]);
    let outcome =
        proptest::sample::select(vec!["accepted", "accepted", "done", "refused", "failed"]);
    let said = proptest::collection::vec((0..6_usize, outcome), 0..3);
    prop_oneof![
        3 => action.prop_map(Step::Give),
        1 => (0..6_usize).prop_map(Step::Cancel),
        5 => (said, proptest::bool::weighted(0.2)).prop_map(|(said, late)| Step::Beat(said, late)),
        1 => (0..6_usize).prop_map(Step::GoesBy),
    ]
}

/// One order on paper.
#[derive(Clone, Debug)]
struct Noted {
    id: String,
    state: &'static str,
    is_late: bool,
}

impl Noted {
    fn stands(&self) -> bool {
        ["pending", "accepted"].contains(&self.state)
    }
}

/// A host with its orders, and the same on paper.
struct Scene<'a> {
    api: &'a Api,
    agent: Agent,
    paper: Vec<Noted>,
}

impl Scene<'_> {
    async fn step(&mut self, step: &Step) {
        match step {
            Step::Give(action) => {
                let order = self.api.order(self.agent.id(), action, "why").await.ok();
                for noted in self.paper.iter_mut().filter(|noted| noted.stands()) {
                    noted.state = "superseded";
                }
                self.paper.push(Noted {
                    id: order["id"].as_str().expect("an id").to_owned(),
                    state: "pending",
                    is_late: false,
                });
            }
            Step::Cancel(number) => self.cancel(*number).await,
            Step::Beat(said, is_overtaken) => self.beat(said, *is_overtaken).await,
            Step::GoesBy(number) => {
                let Some(noted) = self.paper.get_mut(*number) else {
                    return;
                };
                noted.is_late = true;
                let client = self.api.database.client().await.expect("it runs");
                let set = "UPDATE fleet_order SET expires_at = now() - interval '6 minutes' WHERE id = $1";
                client.execute(set, &[&noted.id]).await.expect("updated");
            }
        }
    }

    async fn cancel(&mut self, number: usize) {
        let Some(noted) = self.paper.get_mut(number) else {
            return;
        };
        let path = format!("/api/v1/orders/{}/cancel", noted.id);
        let body = Some(json!({ "reason": "no" }));
        let answer = self
            .api
            .send(Method::POST, &path, &self.api.operator, body)
            .await;
        let expected = if noted.stands() { 200 } else { 409 };
        assert_eq!(answer.status, expected, "{:?}", self.paper);
        if noted.stands() {
            self.paper[number].state = "cancelled";
        }
    }

    async fn beat(&mut self, said: &[(usize, &'static str)], is_overtaken: bool) {
        let mut statuses = Vec::new();
        for (number, outcome) in said {
            let Some(noted) = self.paper.get_mut(*number) else {
                continue;
            };
            statuses.push(json!({ "id": noted.id, "outcome": outcome }));
            if noted.stands() {
                noted.state = outcome;
            }
        }
        // Whatever came to its end, and was not begun in time.
        for noted in &mut self.paper {
            if noted.state == "pending" && noted.is_late {
                noted.state = "expired";
            }
        }
        if is_overtaken {
            self.agent.seq = self.agent.seq.saturating_sub(2);
        }
        let sent = self
            .agent
            .beat(self.api, json!({ "orders": statuses }))
            .await
            .ok();
        self.agent.seq += 2;
        let stands = self.paper.iter().find(|noted| noted.stands());
        let expected = stands.map_or(Value::Null, |noted| json!(noted.id));
        assert_eq!(sent["order"]["id"], expected, "{:?}", self.paper);
    }

    /// Whether the server has what is on paper.
    async fn compare(&self, steps: &[Step]) {
        let path = format!("/api/v1/orders?host={}", self.agent.id());
        let orders = self
            .api
            .send(Method::GET, &path, &self.api.viewer, None)
            .await
            .ok();
        let orders = orders.as_array().expect("orders");
        assert_eq!(orders.len(), self.paper.len(), "{steps:?}");
        for noted in &self.paper {
            let order = orders
                .iter()
                .find(|order| order["id"] == noted.id.as_str())
                .expect("it is known");
            assert_eq!(order["state"], noted.state, "{noted:?} after {steps:?}");
            let has_ended = order["endedAt"].is_string();
            assert_eq!(has_ended, !noted.stands(), "{order:#} after {steps:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_what_a_list_on_paper_says() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut runner = TestRunner::deterministic();
    let steps = proptest::collection::vec(step(), 4..14);
    let sequences = if test_support::is_deep() { 400 } else { 20 };
    for number in 1..=sequences {
        let steps = steps.new_tree(&mut runner).expect("a case").current();
        // By a replica of its own: each counts by itself how often people ask.
        let replica = api.replica().await;
        let mut scene = Scene {
            api: &replica,
            agent: Agent::enrolled(&replica, number).await,
            paper: Vec::new(),
        };
        for (at, step) in steps.iter().enumerate() {
            scene.step(step).await;
            scene.compare(&steps[..=at]).await;
        }
    }
}
