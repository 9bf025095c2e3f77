//! What root carries out for the agent where polkit reads no rules, as Ubuntu 22.04's; and that no other
//! system has a way around polkit.

use valet_protocol::units;
use valet_test_kit::harness::LIMIT;
use valet_test_kit::wait::until;

use super::apart::apart;
use super::host::Host;
use crate::baked::suite;

/// Where orders are left.
const FOLDER: &str = "/run/valet/orders";

/// Whether the image's polkit reads no rules.
pub fn takes_orders() -> bool {
    suite() == "jammy"
}

#[test]
fn orders_are_for_the_agents_units_alone() {
    let name = "agent::orders::orders_are_for_the_agents_units_alone";
    apart(name, async |parts| {
        let host = Host::ready(&parts).await;
        let is_there = host.container.run(&["test", "-d", FOLDER]).code == Some(0);
        assert_eq!(is_there, takes_orders());
        if !is_there {
            return;
        }
        let main = |unit: &str| host.container.property(unit, "MainPID");
        let (cron, novnc) = (main("cron.service"), main(units::NOVNC));
        let order = |user: &str, order: &str| {
            let place = format!("{FOLDER}/{order}");
            host.container.run_as(user, &["touch", &place]).code
        };
        for none in ["restart.cron.service", "kill.valet-novnc.service", "stop"] {
            assert_eq!(order(units::AGENT_USER, none), Some(0), "{none}");
        }
        assert_eq!(order("valet", "stop.valet-xvfb.service"), Some(1));
        let restart = format!("restart.{}", units::NOVNC);
        assert_eq!(order(units::AGENT_USER, &restart), Some(0));
        until(LIMIT, "noVNC was restarted", || {
            ![&novnc, "0"].contains(&main(units::NOVNC).as_str())
        })
        .await;
        until(LIMIT, "nothing lies there any more", || {
            host.container.ran(&["ls", FOLDER]).is_empty()
        })
        .await;
        assert_eq!(main("cron.service"), cron);
        let is = host.container.property(units::XVFB, "ActiveState");
        assert_eq!(is, "active");
    });
}
