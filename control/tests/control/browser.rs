//! The page in a real browser: `tests/page` has what it does there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use test_support::{folders, programs, skip};
use valet_control::database::Database;
use valet_test_kit::node;

use crate::support::{Agent, Api, GROUP};

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
    // Written where they are shown when asked for; their times differ in every run.
    let screenshots = match std::env::var("VALET_SCREENSHOTS") {
        Ok(value) if value == "1" => folders::repository().join("docs/images"),
        _ => folders::kept("screenshots").expect("a folder"),
    };
    let given = json!({
        "url": api.url(), "secure": secure, "viewer": api.viewer, "operator": api.operator, "admin": api.admin,
        "agent": { "id": agent.id(), "boot": agent.boot, "token": agent.token, "group": GROUP },
        "shown": "i-0f3a9c51d2e84b701", "chromium": chromium, "screenshots": screenshots,
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
    if let Err(problem) = ran.expect("it does not panic") {
        panic!("{problem}");
    }
}
