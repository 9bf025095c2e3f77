//! A server whose fleet is a group of moto.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;
use valet_control::aws::Aws;
use valet_control::config::FleetSettings;
use valet_control::leader::Lease;
use valet_control::reconcile::reconcile;

use crate::mock_aws::{address, client, make_group};
use crate::support::{Agent, Api, fleet};

/// The server, and what it asks.
pub struct World {
    pub api: Api,
    pub aws: Aws,
    pub mock: String,
    pub group: String,
    /// The group's instances when it was made.
    pub ids: Vec<String>,
}

impl World {
    /// Nothing where PostgreSQL or Python is not installed.
    pub async fn start(size: u32) -> Option<Self> {
        Self::start_with(size, |_| {}).await
    }

    /// The same with another fleet.
    pub async fn start_with(size: u32, change: impl FnOnce(&mut FleetSettings)) -> Option<Self> {
        let mock = address().await?;
        let (group, ids) = make_group(&mock, size).await;
        let aws = client(&mock);
        let mut settings = FleetSettings {
            group: group.clone(),
            ..fleet()
        };
        change(&mut settings);
        let api = Api::start_changed(
            |config| config.fleets = vec![settings],
            |control| control.aws = Some(aws.clone()),
        )
        .await?;
        Some(Self {
            api,
            aws,
            mock,
            group,
            ids,
        })
    }

    pub async fn reconcile(&self) {
        let findings = reconcile(&self.api.control, &self.aws).await;
        assert_eq!(findings.expect("the database answers"), []);
    }

    /// A lease that is not renewed, and does not end while the test takes its time.
    pub async fn lease(&self) -> Lease {
        Lease::wait(&self.api.database, Duration::from_mins(10), "test")
            .await
            .expect("nobody leads")
    }

    /// The agent of the group's instance with this number, enrolled.
    pub async fn agent(&self, number: usize) -> Agent {
        let launched = SignedDuration::from_secs(30);
        let mut agent = Agent::of(&self.ids[number], number as u32, launched);
        agent.enrol(&self.api).await.ok();
        agent
    }

    pub async fn host(&self, id: &str) -> Value {
        self.api.get(&format!("/api/v1/sandboxes/{id}")).await.ok()
    }

    pub async fn sql(&self, statement: &str) {
        let client = self.api.database.client().await.expect("it runs");
        client.batch_execute(statement).await.expect(statement);
    }

    /// Outcome, action, actor and detail of a target's rows in the audit log, the oldest first.
    pub async fn audit(&self, target: &str) -> Vec<(String, String, String, String)> {
        let rows = self
            .api
            .get(&format!("/api/v1/audit?target={target}"))
            .await
            .ok();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let rows = rows.as_array().expect("rows").iter().rev();
        rows.map(|row| {
            (
                text(row, "outcome"),
                text(row, "action"),
                text(row, "actor"),
                text(row, "detail"),
            )
        })
        .collect()
    }
}
