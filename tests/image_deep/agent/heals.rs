//! What hangs is restarted.

use valet_protocol::local_api::{ServiceStatus, State};
use valet_protocol::units;
use valet_test_kit::harness::LIMIT;
use valet_test_kit::wait::until;

use super::apart::apart;
use super::host::{Host, rendered};

fn adspower(host: &Host) -> ServiceStatus {
    let services = host.status().expect("the agent answers").services;
    let mut of_it = services.into_iter().filter(|it| it.name == "adspower");
    of_it.next().expect("it is looked at")
}

/// With the image's own times, and an AdsPower that takes longer to start than a look is away.
#[test]
fn a_program_that_hangs_is_restarted_once() {
    let name = "agent::heals::a_program_that_hangs_is_restarted_once";
    apart(name, async |parts| {
        let host = Host::boot(&parts, |config, root| {
            config.services = rendered().services;
            root.write("opt/adspower/takes", 0o644, "4");
        });
        let host = host.await;
        host.reaches(State::Ready).await;
        let process = || host.container.property(units::ADSPOWER, "MainPID");
        let before = process();
        host.container.ran(&["kill", "-STOP", &before]);
        let down = || adspower(&host).health == "down";
        until(LIMIT, "the agent takes it for down", down).await;
        until(LIMIT, "it runs again", || {
            let now = process();
            now != "0" && now != before
        })
        .await;
        let after = process();
        let up = || adspower(&host).health == "up";
        until(LIMIT, "it is well", up).await;
        let log = host.log();
        assert_eq!(
            (adspower(&host).restarts, process()),
            (1, after),
            "{log:#?}"
        );
        // It was not systemd: for it nothing was wrong.
        let is = |name: &str| host.container.property(units::ADSPOWER, name);
        assert_eq!(
            (is("NRestarts"), is("Result")),
            ("0".to_owned(), "success".to_owned())
        );
        assert_eq!(host.status().map(|status| status.state), Some(State::Ready));
        let restarted = log
            .iter()
            .find(|line| line["message"] == "restarting a service");
        assert_eq!(restarted.expect("it says so")["unit"], units::ADSPOWER);
        let down = log
            .iter()
            .find(|line| line["service"] == "adspower" && line["health"] == "down");
        assert_eq!(down.expect("it says why")["detail"], "no answer within 3 s");
    });
}
