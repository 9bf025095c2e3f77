//! The local API tells the image's users apart.

use test_support::cli::Run;
use valet_protocol::local_api::{Refusal, RefusalReason, State};
use valet_protocol::units;

use super::apart::apart;
use super::host::Host;

/// Where the program is that asks.
const ASK: &str = "usr/local/lib/valet-test/ask.py";

/// Asks as a user.
fn run(host: &Host, user: &str, request: &[&str]) -> Run {
    let ask = ["python3", &format!("/{ASK}")];
    host.container.run_as(user, &[&ask, request].concat())
}

/// The answer's status and body.
fn ask(host: &Host, user: &str, request: &[&str]) -> (u16, String) {
    answer(&run(host, user, request).success())
}

fn answer(printed: &str) -> (u16, String) {
    let (status, body) = printed.split_once(' ').expect("a status and a body");
    (status.parse().expect("a status"), body.trim().to_owned())
}

fn assert_forbidden(who: &str, (status, body): &(u16, String)) {
    let refusal: Refusal = serde_json::from_str(body).expect("a refusal");
    assert_eq!(
        (*status, refusal.reason),
        (403, RefusalReason::Forbidden),
        "{who}: {body}"
    );
}

#[test]
fn who_asks_decides_what_is_answered() {
    apart(
        "agent::peers::who_asks_decides_what_is_answered",
        async |parts| {
            let program = include_str!("ask.py");
            let host = Host::boot(&parts, |_, root| root.write(ASK, 0o644, program)).await;
            host.reaches(State::Ready).await;
            let lease = ["POST", "/v1/leases"];
            let status = ["GET", "/v1/status"];
            let drain = ["POST", "/v1/drain"];

            assert_eq!(ask(&host, "valet", &lease).0, 201);
            assert_eq!(ask(&host, "valet", &status).0, 200);
            assert_forbidden("valet", &ask(&host, "valet", &drain));
            for user in ["adspower", "valet-display", "nobody"] {
                let asked = run(&host, user, &lease);
                // Neither the mode nor the list of the socket lets these in.
                assert!(asked.stderr.contains("PermissionError"), "{asked:#?}");
            }
            assert_forbidden("root", &ask(&host, "root", &lease));
            assert_eq!(host.status().expect("it answers").drain, None);

            for operator in [&["root"][..], &["nobody", units::OPERATORS_GROUP]] {
                orders(&host, operator).await;
            }
        },
    );
}

/// Drains and resumes as a user, and maybe with another group.
async fn orders(host: &Host, who: &[&str]) {
    let as_who = |request: [&str; 2]| {
        let ask = ["python3", &format!("/{ASK}")];
        let command = [&ask, &request[..]].concat();
        match *who {
            [user, group] => host.container.run_with_group(user, group, &command),
            [user] => host.container.run_as(user, &command),
            _ => unreachable!("a user, and maybe a group"),
        }
    };
    let (status, body) = answer(&as_who(["POST", "/v1/drain"]).success());
    assert_eq!(status, 202, "{who:?}: {body}");
    host.reaches(State::Stopped).await;
    let (status, body) = answer(&as_who(["POST", "/v1/resume"]).success());
    assert_eq!(status, 202, "{who:?}: {body}");
    host.reaches(State::Ready).await;
}
