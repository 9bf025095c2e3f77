//! `valet-worker doctor`: what holds on this host, what does not, and why.

use std::time::Duration;

use serde_json::Value;
use valet_test_kit::harness::{Harness, LIMIT, remove_parameter};

use crate::support::{ready_world, run};

/// What is examined, whether it holds, and what was found.
async fn examined(harness: &Harness) -> Vec<(String, bool, String)> {
    let (code, printed, said) = run(harness, &["doctor", "--format", "json"]).await;
    let findings = printed
        .as_array()
        .unwrap_or_else(|| panic!("{code} {said}"));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let finding = |finding: &Value| {
        let subject = text(&finding["subject"]);
        let (check, detail) = (text(&finding["check"]), text(&finding["detail"]));
        let holds = finding["holds"].as_bool().expect("yes or no");
        (format!("{subject}: {check}"), holds, detail)
    };
    let findings: Vec<_> = findings.iter().map(finding).collect();
    let all_hold = findings.iter().all(|(_, holds, _)| *holds);
    assert_eq!(code, i32::from(!all_hold), "{said}");
    findings
}

/// What does not hold.
async fn failing(harness: &Harness) -> Vec<(String, String)> {
    let findings = examined(harness).await.into_iter();
    findings
        .filter(|(_, holds, _)| !holds)
        .map(|(check, _, detail)| (check, detail))
        .collect()
}

/// Whether nothing but the image, which is not here, is missing.
fn is_of_the_image(check: &str) -> bool {
    check.starts_with("users: ")
        || check == "units: valet-worker.service"
        || check == "permissions: /etc/valet/worker.toml is not writable by others"
}

/// Waits until the agent has seen its worker in Hatchet, which it looks at now and then.
async fn sees_its_worker(harness: &Harness) {
    let seen = async {
        while harness
            .status()
            .await
            .is_none_or(|status| status.hatchet != "connected")
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let seen = tokio::time::timeout(LIMIT, seen).await;
    seen.expect("the agent sees its worker");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_host_that_works_only_the_image_is_missed() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    sees_its_worker(&harness).await;
    let findings = examined(&harness).await;
    for subject in [
        "configuration",
        "users",
        "units",
        "services",
        "ports",
        "permissions",
        "metadata",
        "clock",
        "secrets",
        "agent",
        "hatchet",
    ] {
        let of_it = |check: &String| check.starts_with(&format!("{subject}: "));
        assert!(
            findings.iter().any(|(check, ..)| of_it(check)),
            "{subject}: {findings:#?}"
        );
    }
    let wrong = findings
        .iter()
        .filter(|(check, holds, _)| !holds && !is_of_the_image(check))
        .collect::<Vec<_>>();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (_, _, said) = run(&harness, &["doctor"]).await;
    assert_eq!(said, "");
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_is_named_with_its_reason() {
    let Some(mut harness) = ready_world(|_| {}).await else {
        return;
    };
    let key = harness.config.secrets["DATABASE_URL"].key.clone();
    remove_parameter(&key).await.expect("it was there");
    // The agent would start it again before doctor has looked.
    harness
        .systemd
        .refuse_starts(valet_protocol::units::ADSPOWER, true);
    harness.adspower.server().stop();
    harness.config.start.secrets_seconds = valet_test_kit::harness::configuration::seconds(5.0);
    harness.write_configuration().expect("written");
    let failing_of = |failing: &[(String, String)], check: &str| {
        let found = failing.iter().find(|(failing, _)| failing == check);
        found.map_or_else(
            || panic!("{check} holds: {failing:#?}"),
            |(_, detail)| detail.clone(),
        )
    };
    let found = failing(&harness).await;
    let secrets = failing_of(&found, "secrets: the instance role can read every secret");
    assert!(secrets.contains("DATABASE_URL"), "{secrets}");
    assert!(secrets.contains("docs/secrets.md"), "{secrets}");
    failing_of(&found, "services: adspower");
    let port = harness.config.services.adspower.port;
    let check = format!("ports: AdsPower's port {port} is open on loopback only");
    assert_eq!(failing_of(&found, &check), "nothing listens on it");

    harness.imds.server().stop();
    let found = failing(&harness).await;
    let metadata = failing_of(&found, "metadata: IMDSv2 responds");
    assert!(metadata.contains("Connection refused"), "{metadata}");
    failing_of(&found, "metadata: IMDSv1 is disabled");

    // With everybody there again, and no agent.
    harness
        .imds
        .server()
        .restart()
        .await
        .expect("the port is free");
    let agent = harness.agent();
    agent.kill().await.expect("it runs");
    let found = failing(&harness).await;
    let agent = failing_of(&found, "agent: the agent responds");
    assert!(agent.contains("agent.sock"), "{agent}");
}
