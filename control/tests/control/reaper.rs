//! Silent hosts: what is found, what is told, and what is replaced.

use std::time::Duration;

use serde_json::json;
use valet_control::leader::Lease;
use valet_control::reaper::{Memory, ReaperMode, reap};

use crate::hatchet::Workers;
use crate::mock_aws::{members, query};
use crate::support::first_fleet;
use crate::world::World;

/// As a leader that has led for an hour.
const LONG: Duration = Duration::from_hours(1);

struct Scene {
    world: World,
    workers: Workers,
    lease: Lease,
    mode: ReaperMode,
}

impl Scene {
    /// A fleet of which the first hosts have been silent for ten minutes.
    async fn start(size: u32, silent: usize, mode: ReaperMode) -> Option<Self> {
        let world = World::start(size).await?;
        let workers = Workers::start().await;
        world.reconcile().await;
        for number in 0..size as usize {
            let mut agent = world.agent(number).await;
            let worker = format!("w-{number}");
            workers.set(&worker, "ACTIVE");
            let says = json!({ "group": world.group, "workerId": worker });
            agent.beat(&world.api, says).await.ok();
        }
        world.sql("UPDATE ingest_up SET started_at = now() - interval '1 hour'; UPDATE aws_instance SET lifecycle = 'InService'; UPDATE sandbox SET zone = 'z'").await;
        let lease = world.lease().await;
        let scene = Self {
            world,
            workers,
            lease,
            mode,
        };
        for number in 0..silent {
            scene.silence(number, 600).await;
        }
        Some(scene)
    }

    async fn silence(&self, number: usize, seconds: u32) {
        let id = &self.world.ids[number];
        let statement = format!(
            "UPDATE pulse SET seen_at = now() - interval '{seconds} seconds' WHERE instance_id = '{id}'"
        );
        self.world.sql(&statement).await;
    }

    /// Nobody has been asked before, so that everybody's answer is of now.
    async fn reap_after(&self, leads_for: Duration) {
        self.reap_with(self.mode, leads_for, &mut Memory::default())
            .await;
    }

    async fn reap_with(&self, mode: ReaperMode, leads_for: Duration, memory: &mut Memory) {
        let mut control = self.world.api.control.clone();
        control.hatchet = self.workers.settings();
        control.reaper.mode = mode;
        reap(&control, &self.world.aws, &self.lease, leads_for, memory)
            .await
            .expect("judged");
    }

    /// As a server that hears, and is heard by whoever is not silent, however long all that took.
    async fn reap(&self) {
        let hears = "UPDATE ingest_up SET last_at = now();
                     UPDATE pulse SET seen_at = now() WHERE seen_at > now() - interval '5 minutes'";
        self.world.sql(hears).await;
        self.reap_after(LONG).await;
    }

    /// How many findings people were told of.
    async fn told(&self) -> i64 {
        let client = self.world.api.database.client().await.expect("it runs");
        let told = "SELECT count(*) FROM finding WHERE told_at IS NOT NULL";
        client.query_one(told, &[]).await.expect("a row").get(0)
    }

    /// Kind and subject of what is found.
    async fn findings(&self) -> Vec<(String, String)> {
        let found = self.world.api.get("/api/v1/findings").await.ok();
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        let mut found: Vec<(String, String)> = found
            .as_array()
            .expect("findings")
            .iter()
            .map(|one| (text(&one["kind"]), text(&one["subject"])))
            .collect();
        found.sort();
        found
    }

    async fn is_replaced(&self, number: usize) -> bool {
        let members = members(&self.world.mock, &self.world.group).await;
        assert_eq!(
            members.len(),
            self.world.ids.len(),
            "the group's size stays"
        );
        !members.contains(&self.world.ids[number])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_installation_says_what_it_would_do_once_and_does_nothing() {
    let Some(scene) = Scene::start(3, 1, ReaperMode::default()).await else {
        return;
    };
    scene.workers.set("w-0", "INACTIVE");
    scene.reap().await;
    scene.reap().await;
    let host = &scene.world.ids[0];
    assert_eq!(
        scene.findings().await,
        [("zombie".to_owned(), host.clone())]
    );
    let rows = scene.world.audit(host).await;
    assert_eq!(
        rows,
        [(
            "refused".to_owned(),
            "host.replace".to_owned(),
            "valet-control".to_owned(),
            "the mode is observe, so nothing was done".to_owned()
        )]
    );
    assert!(!scene.is_replaced(0).await);
    // It is heard again: nothing is found any more.
    scene.silence(0, 5).await;
    scene.reap().await;
    assert_eq!(scene.findings().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_is_replaced_and_the_next_one_waits() {
    let Some(scene) = Scene::start(3, 1, ReaperMode::Act).await else {
        return;
    };
    scene.workers.set("w-0", "INACTIVE");
    scene.workers.set("w-1", "INACTIVE");
    // Not by a leader that has just begun.
    scene.reap_after(Duration::from_secs(299)).await;
    assert!(!scene.is_replaced(0).await);
    // Nor while heartbeats are not heard, nor by an old list.
    let unheard = "UPDATE ingest_up SET last_at = now() - interval '1 minute'";
    scene.world.sql(unheard).await;
    scene.reap_after(LONG).await;
    let old = "UPDATE fleet_group SET read_at = now() - interval '4 minutes'";
    scene.world.sql(old).await;
    scene.reap().await;
    assert!(!scene.is_replaced(0).await);
    scene
        .world
        .sql("UPDATE fleet_group SET read_at = now()")
        .await;
    scene.reap().await;
    assert!(scene.is_replaced(0).await);
    let rows = scene.world.audit(&scene.world.ids[0]).await;
    let acts: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| (row.0.as_str(), row.1.as_str()))
        .collect();
    assert_eq!(
        acts,
        [("intended", "host.replace"), ("done", "host.replace")]
    );
    // AWS has ended it, so it is not silent any more; the next zombie waits for 30 s.
    scene.world.reconcile().await;
    scene
        .world
        .sql("UPDATE aws_instance SET lifecycle = 'InService' WHERE group_name IS NOT NULL")
        .await;
    scene.silence(1, 600).await;
    let just = "UPDATE leader SET replaced_at = now()";
    scene.world.sql(just).await;
    scene.reap().await;
    assert!(!scene.is_replaced(1).await);
    scene
        .world
        .sql("UPDATE leader SET replaced_at = now() - interval '31 seconds'")
        .await;
    scene.reap().await;
    assert!(scene.is_replaced(1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deaf_host_and_one_without_a_second_witness_are_told_and_left_alone() {
    let Some(scene) = Scene::start(20, 2, ReaperMode::Act).await else {
        return;
    };
    // Hatchet hears the first; of the second it says nothing.
    scene.workers.set("w-1", "429");
    scene.silence(0, 700).await;
    scene.reap().await;
    let (first, second) = (scene.world.ids[0].clone(), scene.world.ids[1].clone());
    assert_eq!(
        scene.findings().await,
        [
            ("deaf".to_owned(), first),
            ("silent".to_owned(), second.clone())
        ]
    );
    assert!(!scene.is_replaced(0).await && !scene.is_replaced(1).await);
    assert!(scene.world.audit(&second).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_witness_said_before_replaces_nobody() {
    let Some(scene) = Scene::start(2, 1, ReaperMode::Act).await else {
        return;
    };
    scene.workers.set("w-0", "INACTIVE");
    let mut memory = Memory::default();
    scene
        .reap_with(ReaperMode::Observe, LONG, &mut memory)
        .await;
    assert_eq!(scene.findings().await[0].0, "zombie");
    // Hatchet hears it again before it is replaced.
    scene.workers.set("w-0", "ACTIVE");
    scene.reap_with(ReaperMode::Act, LONG, &mut memory).await;
    assert!(!scene.is_replaced(0).await);
    scene.workers.set("w-0", "INACTIVE");
    scene.reap_with(ReaperMode::Act, LONG, &mut memory).await;
    assert!(scene.is_replaced(0).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_silent_hosts_of_a_zone_stop_everything_there() {
    let Some(scene) = Scene::start(5, 2, ReaperMode::Act).await else {
        return;
    };
    for number in 0..2 {
        scene.workers.set(&format!("w-{number}"), "INACTIVE");
    }
    scene.reap().await;
    let zone = (
        "zoneImpaired".to_owned(),
        format!("{} z", scene.world.group),
    );
    assert!(scene.findings().await.contains(&zone));
    assert!(!scene.is_replaced(0).await && !scene.is_replaced(1).await);
    scene.silence(1, 5).await;
    scene.reap().await;
    assert!(scene.is_replaced(0).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_is_cut_off_as_a_whole_keeps_its_hosts_while_another_loses_its_dead_one() {
    let Some(scene) = Scene::start(6, 4, ReaperMode::Act).await else {
        return;
    };
    for number in 0..4 {
        scene.workers.set(&format!("w-{number}"), "INACTIVE");
    }
    for number in 0..3 {
        let id = &scene.world.ids[number];
        let cut = format!("UPDATE sandbox SET zone = 'cut' WHERE instance_id = '{id}'");
        scene.world.sql(&cut).await;
    }
    scene.reap().await;
    let impaired = |found: &[(String, String)]| {
        let zones = found.iter().filter(|(kind, _)| kind == "zoneImpaired");
        zones.map(|(_, zone)| zone.clone()).collect::<Vec<String>>()
    };
    let cut = format!("{} cut", scene.world.group);
    assert_eq!(impaired(&scene.findings().await), [cut]);
    assert!(
        scene.is_replaced(3).await,
        "the only silent one of its zone"
    );
    for number in 0..3 {
        assert!(!scene.is_replaced(number).await, "host {number} is cut off");
    }
    // The zone is back.
    for number in 0..3 {
        scene.silence(number, 5).await;
    }
    scene.reap().await;
    assert_eq!(impaired(&scene.findings().await), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_its_group_is_ending_already_is_left_to_it() {
    let Some(scene) = Scene::start(2, 1, ReaperMode::Act).await else {
        return;
    };
    scene.workers.set("w-0", "INACTIVE");
    scene
        .world
        .sql("UPDATE aws_instance SET lifecycle = 'Terminating:Wait'")
        .await;
    scene.reap().await;
    assert!(!scene.is_replaced(0).await);
    assert_eq!(scene.findings().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_once_and_again_while_the_topic_does_not_take_it() {
    let Some(mut scene) = Scene::start(2, 1, ReaperMode::Observe).await else {
        return;
    };
    let name = scene.world.group.clone();
    let topic = format!("arn:aws:sns:us-east-1:123456789012:{name}");
    first_fleet(&mut scene.world.api.control).alerts_topic = Some(topic);
    // There is no such topic yet.
    scene.reap().await;
    assert_eq!(scene.told().await, 0);
    query(&scene.world.mock, "sns", "CreateTopic", &[("Name", &name)]).await;
    // Not before a minute has passed.
    scene.reap().await;
    assert_eq!(scene.told().await, 0);
    let minute = "UPDATE finding SET tried_at = now() - interval '61 seconds'";
    scene.world.sql(minute).await;
    scene.reap().await;
    assert_eq!(scene.told().await, 1);
    let client = scene.world.api.database.client().await.expect("it runs");
    let tried = "SELECT tried_at FROM finding";
    let before = client.query_one(tried, &[]).await.expect("a row");
    scene.world.sql(minute).await;
    scene.reap().await;
    let after = client.query_one(tried, &[]).await.expect("a row");
    assert!(
        after.get::<_, std::time::SystemTime>(0) < before.get::<_, std::time::SystemTime>(0),
        "it is told once"
    );
}
