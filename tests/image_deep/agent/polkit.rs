//! What polkit lets the agent do, and nobody else.

use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::LIMIT;
use valet_test_kit::wait::until;

use super::apart::apart;
use super::host::Host;
use super::orders::takes_orders;
use test_support::cli::Run;
use test_support::skip;

/// The rule's place in the image.
const RULE: &str = "etc/polkit-1/rules.d/50-valet.rules";

/// What systemd says of who may not, and of who might with a password.
const REFUSALS: [&str; 2] = ["Access denied", "Interactive authentication required"];

/// Calls systemd's manager as a user.
fn call(host: &Host, user: &str, call: &[&str]) -> Run {
    let manager = [
        "busctl",
        "call",
        "org.freedesktop.systemd1",
        "/org/freedesktop/systemd1",
        "org.freedesktop.systemd1.Manager",
    ];
    host.container.run_as(user, &[&manager, call].concat())
}

fn is_refused(run: &Run) -> bool {
    run.code != Some(0) && REFUSALS.iter().any(|words| run.stderr.contains(words))
}

#[test]
fn the_agent_may_what_it_has_to_and_no_more() {
    let name = "agent::polkit::the_agent_may_what_it_has_to_and_no_more";
    apart(name, async |parts| {
        let host = Host::ready(&parts).await;
        for unit in units::MANAGED {
            // Where polkit cannot tell its units from others, the agent may none.
            if takes_orders() {
                let run = call(
                    &host,
                    units::AGENT_USER,
                    &["StartUnit", "ss", unit, "replace"],
                );
                assert!(is_refused(&run), "{unit}: {run:#?}");
                continue;
            }
            for order in [
                &["StartUnit", "ss", unit, "replace"][..],
                &["ResetFailedUnit", "s", unit],
            ] {
                let run = call(&host, units::AGENT_USER, order);
                assert_eq!(run.code, Some(0), "{order:?}: {run:#?}");
            }
        }
        let methods = ["StopUnit", "StartUnit", "RestartUnit"];
        for method in methods.iter().filter(|_| !takes_orders()) {
            let order = [*method, "ss", units::NOVNC, "replace"];
            let run = call(&host, units::AGENT_USER, &order);
            assert_eq!(run.code, Some(0), "{order:?}: {run:#?}");
        }
        for order in [
            &["StartUnit", "ss", "cron.service", "replace"][..],
            &["StopUnit", "ss", "ssh.service", "replace"],
            &["RestartUnit", "ss", units::WORKER, "replace"],
            &["StartUnit", "ss", "rescue.target", "isolate"],
            &["KillUnit", "ssi", units::RUNTIME, "all", "9"],
            &["FreezeUnit", "s", units::RUNTIME],
            &[
                "EnableUnitFiles",
                "asbb",
                "1",
                units::RUNTIME,
                "false",
                "true",
            ],
            &["MaskUnitFiles", "asbb", "1", "cron.service", "true", "true"],
            &[
                "SetUnitProperties",
                "sba(sv)",
                units::RUNTIME,
                "true",
                "1",
                "MemoryMax",
                "t",
                "1",
            ],
            &["Reload"],
        ] {
            let run = call(&host, units::AGENT_USER, order);
            assert!(is_refused(&run), "{order:?}: {run:#?}");
        }
    });
}

#[test]
fn nobody_else_may_anything() {
    apart("agent::polkit::nobody_else_may_anything", async |parts| {
        let host = Host::ready(&parts).await;
        let users = ["adspower", "valet", "valet-display", "nobody"];
        for (user, unit) in users
            .iter()
            .flat_map(|user| units::MANAGED.map(|unit| (user, unit)))
        {
            for method in ["StartUnit", "StopUnit", "RestartUnit"] {
                let run = call(&host, user, &[method, "ss", unit, "replace"]);
                assert!(is_refused(&run), "{user}, {method}, {unit}: {run:#?}");
            }
        }
        assert_eq!(host.status().map(|status| status.state), Some(State::Ready));
    });
}

/// Whatever lets the agent start its units in the other tests, it is this rule.
#[test]
fn without_the_rule_it_starts_nothing() {
    if takes_orders() {
        return skip("polkit's rule: this suite's polkit reads none");
    }
    apart(
        "agent::polkit::without_the_rule_it_starts_nothing",
        async |parts| {
            let host = Host::boot(&parts, |_, root| root.remove(RULE)).await;
            until(LIMIT, "the agent says why", || {
                let log = host.log();
                let refused = log.iter().find(|line| {
                    line["error"]
                        .as_str()
                        .is_some_and(|error| REFUSALS.iter().any(|words| error.contains(words)))
                });
                refused.is_some_and(|line| line["unit"] == units::ADSPOWER)
            })
            .await;
            for unit in [units::ADSPOWER, units::RUNTIME] {
                assert_eq!(
                    host.container.property(unit, "ActiveState"),
                    "inactive",
                    "{unit}"
                );
            }
            assert_eq!(
                host.status().map(|status| status.state),
                Some(State::Starting)
            );
            assert_eq!(
                host.container.property(units::WORKER, "ActiveState"),
                "activating"
            );
        },
    );
}
