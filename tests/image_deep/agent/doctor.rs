//! The agent's own doctor, on the image that it is made for.

use serde_json::Value;
use valet_protocol::units;
use valet_test_kit::harness::LIMIT;
use valet_test_kit::wait::until;

use super::apart::apart;
use super::host::Host;

/// The least that it looks at.
const FEWEST: usize = 24;

/// Asks it as a person on the host would, who sources what the unit gets.
fn examine(host: &Host) -> (Option<i32>, Vec<Value>) {
    let command = "set -a; . /etc/valet/environment; . /etc/surroundings; exec valet-worker doctor --format json";
    let run = host.container.run(&["sh", "-c", command]);
    let findings: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:#?}"));
    (run.code, findings.as_array().expect("a list").clone())
}

fn wrong(findings: &[Value]) -> Vec<&Value> {
    findings.iter().filter(|it| it["holds"] == false).collect()
}

#[test]
fn all_is_well_until_something_is_broken() {
    apart(
        "agent::doctor::all_is_well_until_something_is_broken",
        async |parts| {
            let host = Host::ready(&parts).await;
            until(LIMIT, "Hatchet sees the worker", || {
                host.status()
                    .is_some_and(|status| status.hatchet == "connected")
            })
            .await;
            let (code, findings) = examine(&host);
            assert_eq!((code, wrong(&findings)), (Some(0), Vec::new()));
            assert!(findings.len() >= FEWEST, "{findings:#?}");

            host.container.ran(&["systemctl", "stop", units::NOVNC]);
            host.container
                .ran(&["chmod", "0644", "/run/valet/runtime.env"]);
            let (code, findings) = examine(&host);
            let wrong = wrong(&findings);
            assert_eq!(code, Some(1));
            for (subject, about) in [
                ("units", units::NOVNC),
                ("permissions", "/run/valet/runtime.env"),
            ] {
                let found = wrong.iter().find(|it| {
                    it["subject"] == subject
                        && it["check"]
                            .as_str()
                            .is_some_and(|check| check.contains(about))
                });
                assert!(found.is_some(), "{subject}, {about}: {wrong:#?}");
            }
        },
    );
}
