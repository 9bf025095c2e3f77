//! The firewall, asked from the inside: who reaches what.

use std::fmt::Write as _;

use crate::machine::{machine, report};

const METADATA: &str = "169.254.169.254 port 80";

#[test]
fn only_who_needs_it_reaches_the_metadata_service() {
    let Some(machine) = machine() else { return };
    for user in ["root", "valet-agent", "cwagent"] {
        let question = format!("{user} to {METADATA}");
        assert_eq!(machine.answer(&question), "connects", "{question}");
    }
    for user in ["adspower", "valet", "valet-display", "nobody"] {
        let question = format!("{user} to {METADATA}");
        assert_eq!(machine.answer(&question), "refused", "{question}");
    }
    assert_eq!(
        machine.answer("the agent with a token"),
        "i-0123456789abcdef0"
    );
    assert_eq!(machine.answer("the agent without a token"), "401");
}

#[test]
fn only_ports_of_the_fleet_are_reached_outside() {
    let Some(machine) = machine() else { return };
    for user in ["valet-agent", "valet", "adspower"] {
        let question = format!("{user} to 203.0.113.1 port 443");
        assert_eq!(machine.answer(&question), "connects", "{question}");
    }
    for user in ["valet-agent", "valet", "adspower", "root"] {
        let question = format!("{user} to 203.0.113.1 port 8080");
        assert_eq!(machine.answer(&question), "refused", "{question}");
    }
}

/// What is refused is there: without the firewall it is reached.
#[test]
fn it_is_the_firewall_that_refuses() {
    let Some(machine) = machine() else { return };
    let asked = |about: &str| machine.answer(&format!("adspower to {about}"));
    assert_eq!(
        asked(&format!("{METADATA} without the firewall")),
        "connects"
    );
    assert_eq!(
        asked("203.0.113.1 port 8080 without the firewall"),
        "connects"
    );
    assert_eq!(asked(&format!("{METADATA} with it again")), "refused");
    let mut text = "\n## The firewall, from the inside\n\n\
                    Something listens at every one of these addresses.\n\n| who, to what | |\n|---|---|\n"
        .to_owned();
    for (question, answer) in &machine.answers {
        if question.contains(" port ") {
            let _ = writeln!(text, "| {question} | {answer} |");
        }
    }
    report("30-firewall.md", &text);
}
