//! The page in a real browser: `tests/page` has what it does there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use test_support::{folders, programs, skip};
use tokio::task::JoinHandle;
use valet_control::config::FleetSettings;
use valet_control::database::Database;
use valet_control::leader::Lease;
use valet_control::orders::carry_out;
use valet_control::reaper::{self, Finding, FindingKind};
use valet_control::reconcile::reconcile;
use valet_test_kit::node;

use crate::mock_aws;
use crate::support::{Agent, Api, GROUP, fleet};

/// Where the tests' own package is.
const PACKAGE: &str = "control/tests/page";
/// Its files.
const FILES: [&str; 4] = [
    "package.json",
    "package-lock.json",
    "browser.js",
    "page.test.js",
];

/// A fleet of 505 hosts besides the agent's own, in every state.
const FLEET: &str = "control/tests/page/fleet.sql";
/// Its hosts say something now and then.
const ALIVE: &str = "UPDATE pulse SET seen_at = now() - make_interval(secs => 20 * random())
                     WHERE seq = 400 AND seen_at > now() - interval '5 minutes'";

/// The package with what it needs, below the target folder.
fn package() -> Result<PathBuf, String> {
    let from = folders::repository().join(PACKAGE);
    let to = folders::kept("node/page")?;
    for file in FILES {
        fs::copy(from.join(file), to.join(file)).map_err(|error| format!("{file}: {error}"))?;
    }
    let (stamp, lock) = (to.join("made-from.txt"), folders::read(&to.join(FILES[1]))?);
    if !folders::read(&stamp).is_ok_and(|made_from| made_from == lock) {
        node::npm(&to, &["ci", "--ignore-scripts"])?;
        folders::write(&stamp, &lock)?;
    }
    Ok(to)
}

fn chromium() -> Option<PathBuf> {
    // Debian's starter is a script that prints to standard error; the program itself is beside its files.
    let debian = Path::new("/usr/lib/chromium/chromium");
    if debian.exists() {
        return Some(debian.to_owned());
    }
    programs::find("chromium").or_else(|| programs::find("google-chrome"))
}

async fn fill(database: &Database) {
    let fleet = folders::read(&folders::repository().join(FLEET)).expect("it is there");
    let client = database.client().await.expect("it runs");
    client.batch_execute(&fleet).await.expect("hosts are made");
}

/// Keeps those that are not silent from falling silent, however long the browser takes.
async fn keep_alive(database: Database) {
    loop {
        if let Ok(client) = database.client().await {
            let _ = client.execute(ALIVE, &[]).await;
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

/// A server whose group is one of moto, with what its leader does in turn.
struct Cloud {
    api: Api,
    group: String,
    agents: Vec<Agent>,
    acting: JoinHandle<()>,
}

impl Cloud {
    /// Nothing where Python is not installed.
    async fn start() -> Option<Self> {
        let mock = mock_aws::address().await?;
        let (group, ids) = mock_aws::make_group(&mock, 3).await;
        let aws = mock_aws::client(&mock);
        let settings = FleetSettings {
            group: group.clone(),
            ..fleet()
        };
        let api = Api::start_changed(
            |config| {
                config.fleets = vec![settings];
                config.page.is_plain_loopback = true;
            },
            |control| control.aws = Some(aws.clone()),
        )
        .await?;
        reconcile(&api.control, &aws).await.expect("moto answers");
        let mut agents = Vec::new();
        for (number, id) in ids.iter().take(2).enumerate() {
            let mut agent = Agent::of(id, number as u32, SignedDuration::from_secs(30));
            agent.enrol(&api).await.ok();
            agents.push(agent);
        }
        let finding = Finding {
            kind: FindingKind::Deaf,
            subject: ids[0].clone(),
            group: Some(group.clone()),
            detail: "Silent for 340 s, and Hatchet hears its worker: nothing is done.".to_owned(),
        };
        reaper::store(&api.database, &[], &[finding])
            .await
            .expect("stored");
        let lease = Lease::wait(&api.database, Duration::from_mins(5), "test")
            .await
            .expect("nobody leads");
        let control = api.control.clone();
        let acting = tokio::spawn(async move {
            loop {
                let _ = reconcile(&control, &aws).await;
                let _ = carry_out(&control, &aws, &lease).await;
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        });
        Some(Self {
            api,
            group,
            agents,
            acting,
        })
    }

    /// What the browser's tests need of it.
    fn given(&self) -> Value {
        let hosts: Vec<Value> = self
            .agents
            .iter()
            .map(|agent| {
                json!({ "agent": { "id": agent.id(), "boot": agent.boot, "token": agent.token, "group": self.group } })
            })
            .collect();
        json!({
            "url": self.api.url(), "operator": self.api.operator, "admin": self.api.admin, "group": self.group,
            "hosts": hosts,
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_in_a_browser() {
    let (Some(chromium), true) = (chromium(), node::is_there()) else {
        skip("Chromium and Node are needed: apt-get install chromium nodejs npm");
        return;
    };
    let Some(api) = Api::start_with(|config| {
        config.page.is_plain_loopback = true;
        config.page.hatchet = Some("https://hatchet.example.com".to_owned());
        config.page.cloudwatch_dashboard = Some("valet-production".to_owned());
    })
    .await
    else {
        return;
    };
    let (secure, _stop) = api.beside().await;
    fill(&api.database).await;
    let alive = tokio::spawn(keep_alive(api.database.clone()));
    let agent = Agent::enrolled(&api, 0xa11ce).await;
    let cloud = Cloud::start().await;
    // Written where they are shown when asked for; their times differ in every run.
    let screenshots = match std::env::var("VALET_SCREENSHOTS") {
        Ok(value) if value == "1" => folders::repository().join("docs/images"),
        _ => folders::kept("screenshots").expect("a folder"),
    };
    let given = json!({
        "url": api.url(), "secure": secure, "viewer": api.viewer, "operator": api.operator, "admin": api.admin,
        "agent": { "id": agent.id(), "boot": agent.boot, "token": agent.token, "group": GROUP },
        "cloud": cloud.as_ref().map(Cloud::given), "shown": "i-0f3a9c51d2e84b701", "chromium": chromium, "screenshots": screenshots,
        "all": std::env::var("VALET_SCREENSHOTS").is_err(),
    });
    let ran = tokio::task::spawn_blocking(move || {
        let package = package()?;
        let file = package.join("given.json");
        folders::write(&file, &given.to_string())?;
        let mut tests = Command::new("node");
        tests.args(["--test", "--test-reporter=spec", "page.test.js"]);
        tests.current_dir(&package).env("VALET_PAGE_TEST", &file);
        let output = programs::run(&mut tests, "page in a browser")?;
        if output.status.success() {
            Ok(())
        } else {
            Err(output.explain("it failed"))
        }
    });
    let ran = ran.await;
    alive.abort();
    if let Some(cloud) = cloud {
        cloud.acting.abort();
    }
    if let Err(problem) = ran.expect("it does not panic") {
        panic!("{problem}");
    }
}
