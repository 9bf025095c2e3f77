//! Thousands of silent hosts: how often others are asked about them, and that everybody's turn comes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use valet_control::aws::Aws;
use valet_control::database::Database;
use valet_control::leader::Lease;
use valet_control::reaper::{HostFacts, Memory, SilentHosts, reap};
use valet_test_kit::server::Server;

use crate::hatchet::Workers;
use crate::mock_aws::client;
use crate::support::{Api, GROUP, fleet};

/// Limits of one look: calls of EC2 with 100 instances each, pages of Hatchet's list, and workers one by one.
const MAX_STATUS_CALLS: usize = 10;
const MAX_PAGES: usize = 10;
const MAX_SINGLY: usize = 20;

/// EC2, as far as it says how instances are: the checks of those whose id ends with a 7 fail. The answer has the form of the
/// EC2 API Reference.
struct Statuses {
    server: Server,
    /// How many instances each call asked about.
    calls: Arc<Mutex<Vec<usize>>>,
}

async fn describe(State(calls): State<Arc<Mutex<Vec<usize>>>>, body: String) -> String {
    let ids: Vec<String> = url::form_urlencoded::parse(body.as_bytes())
        .filter(|(name, _)| name.starts_with("InstanceId."))
        .map(|(_, id)| id.into_owned())
        .collect();
    calls.lock().expect("no panic").push(ids.len());
    let item = |id: &String| {
        let status = if id.ends_with('7') { "impaired" } else { "ok" };
        format!(
            "<item><instanceId>{id}</instanceId><systemStatus><status>{status}</status></systemStatus>\
             <instanceStatus><status>ok</status></instanceStatus></item>"
        )
    };
    let items: String = ids.iter().map(item).collect();
    format!(
        "<DescribeInstanceStatusResponse><instanceStatusSet>{items}</instanceStatusSet></DescribeInstanceStatusResponse>"
    )
}

impl Statuses {
    async fn start() -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new()
            .route("/", post(describe))
            .with_state(calls.clone());
        let server = Server::start(router).await.expect("a port");
        Self { server, calls }
    }
}

struct Scene {
    api: Api,
    aws: Aws,
    ec2: Statuses,
    workers: Workers,
    lease: Lease,
    memory: Memory,
}

impl Scene {
    /// A fleet in ten zones, of which the first hosts have been silent, the first of them for the longest time.
    async fn start(hosts: usize, silent: usize) -> Option<Self> {
        let api = Api::start().await?;
        let statement = format!(
            "UPDATE ingest_up SET started_at = now() - interval '1 day', last_at = now() + interval '1 hour';
             INSERT INTO fleet_group (account, region, name) VALUES ('123456789012', 'us-east-1', '{GROUP}');
             INSERT INTO sandbox (instance_id, account, region, group_name, zone, instance_type, image_id, launched_at)
             SELECT 'i-' || lpad(n::text, 6, '0'), '123456789012', 'us-east-1', '{GROUP}', 'z' || n % 10, 't3.micro', 'ami-1', now()
             FROM generate_series(0, {hosts} - 1) AS n;
             INSERT INTO aws_instance (instance_id, account, region, group_name, state, lifecycle)
             SELECT instance_id, account, region, group_name, 'running', 'InService' FROM sandbox;
             INSERT INTO pulse (instance_id, boot_id, seq, seen_at, status, cause, since, worker_id, active, slots, ads,
                                agent_version, kernel)
             SELECT 'i-' || lpad(n::text, 6, '0'), 'b', 1,
                    CASE WHEN n < {silent} THEN now() - make_interval(secs => 70000 - n) ELSE now() + interval '1 hour' END,
                    'ready', '', now(), 'w-' || lpad(n::text, 6, '0'), 0, 4, 'ok', '1', '6'
             FROM generate_series(0, {hosts} - 1) AS n;
             ANALYZE;"
        );
        let database = api.database.client().await.expect("it runs");
        database.batch_execute(&statement).await.expect("hosts");
        drop(database);
        let ec2 = Statuses::start().await;
        let aws = client(&ec2.server.url());
        let workers = Workers::start().await;
        let lease = Lease::wait(&api.database, Duration::from_mins(10), "test")
            .await
            .expect("nobody leads");
        Some(Self {
            api,
            aws,
            ec2,
            workers,
            lease,
            memory: Memory::default(),
        })
    }

    /// By a list of now, however long the looks before took.
    async fn look(&mut self) {
        let database = self.api.database.client().await.expect("it runs");
        let read = "UPDATE fleet_group SET read_at = now()";
        database.batch_execute(read).await.expect("it is read");
        drop(database);
        let mut control = self.api.control.clone();
        control.hatchet = self.workers.settings();
        let leads_for = Duration::from_hours(1);
        reap(
            &control,
            &self.aws,
            &self.lease,
            leads_for,
            &mut self.memory,
        )
        .await
        .expect("judged");
    }

    /// How many findings there are of each kind, and in all.
    async fn findings(&self) -> (i64, [i64; 3]) {
        let client = self.api.database.client().await.expect("it runs");
        let row = client
            .query_one(
                "SELECT count(*), count(*) FILTER (WHERE kind = 'zombie'), count(*) FILTER (WHERE kind = 'deaf'),
                        count(*) FILTER (WHERE kind = 'silent') FROM finding",
                &[],
            )
            .await
            .expect("a row");
        (row.get(0), [row.get(1), row.get(2), row.get(3)])
    }

    async fn notes(&self) -> Vec<String> {
        let client = self.api.database.client().await.expect("it runs");
        let asked = "SELECT target FROM audit WHERE action = 'host.replace' ORDER BY id";
        let rows = client.query(asked, &[]).await.expect("rows");
        rows.iter().map(|row| row.get(0)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybodys_turn_comes_and_nobody_is_asked_too_often() {
    let Some(mut scene) = Scene::start(20_000, 2000).await else {
        return;
    };
    // Hatchet's list has every second of the first 1,900 as inactive, and the others; of the last hundred it knows nothing.
    for number in 0..4000 {
        let status = if number % 2 == 0 {
            "INACTIVE"
        } else {
            "ACTIVE"
        };
        if !(1900..2000).contains(&number) {
            scene.workers.set(&format!("w-{number:06}"), status);
        }
    }
    let mut singly: Vec<String> = Vec::new();
    let mut looks = 0;
    // Whoever has not been asked about is no finding yet.
    while scene.findings().await.0 < 2000 {
        scene.look().await;
        looks += 1;
        assert!(looks <= 20, "{:?}", scene.findings().await);
        let ec2 = std::mem::take(&mut *scene.ec2.calls.lock().expect("no panic"));
        assert!(ec2.len() <= MAX_STATUS_CALLS, "{ec2:?}");
        assert!(ec2.iter().all(|ids| *ids <= 100), "{ec2:?}");
        let calls = scene.workers.take_calls();
        assert!(calls.pages <= MAX_PAGES, "{}", calls.pages);
        assert!(calls.singly.len() <= MAX_SINGLY, "{:?}", calls.singly);
        singly.extend(calls.singly);
    }
    // Those that the list does not have, each once before anybody twice.
    let unknown: BTreeSet<String> = (1900..2000)
        .map(|number| format!("w-{number:06}"))
        .collect();
    let first: BTreeSet<String> = singly.iter().take(100).cloned().collect();
    assert_eq!(first, unknown);
    // Of the hundred that Hatchet does not know, the checks of ten fail.
    assert_eq!(scene.findings().await, (2000, [960, 950, 90]));
    // What would be done is said once, of the one that has been silent for the longest time.
    assert_eq!(scene.notes().await, ["i-000000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_whose_list_has_no_pages_is_asked_for_it_twice_at_the_most() {
    for (workers, pages) in [(900, 2), (1100, 1)] {
        let Some(mut scene) = Scene::start(1000, 50).await else {
            return;
        };
        scene.workers.give_all_at_once();
        // Ten of the silent ones are not in it.
        for number in 10..10 + workers {
            scene.workers.set(&format!("w-{number:06}"), "ACTIVE");
        }
        scene.look().await;
        let calls = scene.workers.take_calls();
        assert_eq!((calls.pages, calls.singly.len()), (pages, 10));
        assert_eq!(scene.findings().await.1, [1, 40, 9]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_of_which_hatchet_says_nothing_are_told_of_all_the_same() {
    let Some(mut scene) = Scene::start(1000, 60).await else {
        return;
    };
    scene.workers.refuse();
    scene.look().await;
    assert_eq!(scene.findings().await, (60, [6, 0, 54]));
    // One refusal each is enough.
    let calls = scene.workers.take_calls();
    assert_eq!((calls.pages, calls.singly.len()), (1, 1));
}

/// The silent hosts, and how many hosts of each zone are in service, as whoever reads all hosts would say.
async fn of_all_hosts(database: &Database) -> SilentHosts {
    let client = database.client().await.expect("it runs");
    let rows = client
        .query(
            "SELECT instance_id, aws.group_name, zone, silence, aws.lifecycle = 'InService' AS serves, worker_id
             FROM sandboxes JOIN aws_instance AS aws USING (instance_id)
             WHERE gone_at IS NULL AND aws.state = 'running' AND aws.group_name = $1 AND status IS NOT NULL",
            &[&GROUP],
        )
        .await
        .expect("rows");
    let mut all = SilentHosts::default();
    for row in rows {
        let silence: f64 = row.get("silence");
        let host = HostFacts {
            instance: row.get("instance_id"),
            group: row.get("group_name"),
            zone: row.get("zone"),
            silence: Some(Duration::from_secs_f64(silence)),
            is_in_service: row.get("serves"),
        };
        if host.is_in_service {
            let zone = (host.group.clone(), host.zone.clone());
            *all.sizes.entry(zone).or_default() += 1;
        }
        if silence > 90.0 {
            let worker = row.get("worker_id");
            all.workers.insert(host.instance.clone(), worker);
            all.hosts.push(host);
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_of_silent_hosts_is_what_all_hosts_say() {
    let Some(scene) = Scene::start(600, 40).await else {
        return;
    };
    let database = &scene.api.database;
    let client = database.client().await.expect("it runs");
    // In zone 0 nobody is silent, in zone 1 one host, in zone 2 all of them.
    let change = format!(
        "UPDATE pulse SET seen_at = now() + interval '1 hour' FROM sandbox
         WHERE sandbox.instance_id = pulse.instance_id AND (zone = 'z0' OR (zone = 'z1' AND sandbox.instance_id <> 'i-000001'));
         UPDATE pulse SET seen_at = now() - interval '1 hour' FROM sandbox
         WHERE sandbox.instance_id = pulse.instance_id AND zone = 'z2';
         UPDATE aws_instance SET lifecycle = 'Standby' WHERE instance_id LIKE '%4_';
         UPDATE aws_instance SET lifecycle = NULL, group_name = NULL WHERE instance_id LIKE '%7_';
         UPDATE aws_instance SET state = 'stopping' WHERE instance_id LIKE '%6_';
         UPDATE sandbox SET gone_at = now() WHERE instance_id LIKE '%5_';
         DELETE FROM aws_instance WHERE instance_id LIKE '%8_';
         INSERT INTO sandbox (instance_id, account, region, group_name, zone, instance_type, image_id, launched_at)
         VALUES ('i-mute', '123456789012', 'us-east-1', '{GROUP}', 'z2', 't3.micro', 'ami-1', now());
         INSERT INTO aws_instance (instance_id, account, region, group_name, state, lifecycle)
         VALUES ('i-mute', '123456789012', 'us-east-1', '{GROUP}', 'running', 'InService')"
    );
    client.batch_execute(&change).await.expect("changed");
    let read = SilentHosts::read(database, &fleet()).await.expect("read");
    let all = of_all_hosts(database).await;
    let ids = |hosts: &[HostFacts]| -> BTreeSet<(String, bool)> {
        let id = |host: &HostFacts| (host.instance.clone(), host.is_in_service);
        hosts.iter().map(id).collect()
    };
    assert_eq!(ids(&read.hosts), ids(&all.hosts));
    assert_eq!(read.workers, all.workers);
    let zones: Vec<&str> = read.sizes.keys().map(|(_, zone)| zone.as_str()).collect();
    assert!(!zones.contains(&"z0") && zones.contains(&"z2"), "{zones:?}");
    for (zone, size) in &read.sizes {
        let in_zone = |host: &&HostFacts| host.zone == zone.1 && host.is_in_service;
        let silent = read.hosts.iter().filter(in_zone).count();
        // One that never spoke is in service as well, and is no silent one.
        let mute = usize::from(zone.1 == "z2");
        let whole = all.sizes[zone] + mute;
        assert_eq!(*size, whole.min(10 * silent), "{zone:?}");
    }
}
