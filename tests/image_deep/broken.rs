//! A host that runs and on which much is wrong: the host phase fails in every point, by the control of that point.

use std::fmt::Write as _;

use crate::machine::{machine, report};

/// What was broken, and the controls that have to say so.
const BROKEN: &[(&str, &[&str])] = &[
    (
        "nftables flushed",
        &[
            "os.firewall",
            "os.firewall-drops",
            "os.firewall-egress",
            "os.firewall-metadata",
        ],
    ),
    ("net.ipv4.ip_forward on", &["os.forwarding-off"]),
    ("/tmp unmounted", &["os.tmp-separate"]),
    ("chrony stopped", &["os.time-synchronised"]),
    ("timers of updates stopped", &["os.security-updates"]),
    ("the timer of log rotation stopped", &["os.log-rotation"]),
    (
        "the timer of old files stopped",
        &["adspower.caches-cleared"],
    ),
    (
        "auditd killed, and its program does not start",
        &["os.auditd"],
    ),
];

#[test]
fn each_broken_point_fails_by_its_own_control() {
    let Some(machine) = machine() else { return };
    assert_eq!(machine.answer("broken auditd"), "failed");
    let failed = machine.all("broken control");
    let mut text = "\n## A host on which much is wrong\n\n\
                    Broken after it had been checked, and checked again by `verify.sh --phase host`.\n\n\
                    | broken | seen by |\n|---|---|\n"
        .to_owned();
    for (what, controls) in BROKEN {
        for control in *controls {
            assert!(failed.contains(control), "{what}: {control} in {failed:?}");
        }
        let _ = writeln!(text, "| {what} | `{}` |", controls.join("`, `"));
    }
    let named: Vec<&str> = BROKEN
        .iter()
        .flat_map(|(_, controls)| *controls)
        .copied()
        .collect();
    let more: Vec<&str> = failed
        .iter()
        .filter(|it| !named.contains(it))
        .copied()
        .collect();
    let _ = writeln!(
        text,
        "\n{}. What fails with them: {}.",
        machine.answer("broken total").trim_start_matches("# "),
        if more.is_empty() {
            "nothing".to_owned()
        } else {
            more.join(", ")
        }
    );
    report("35-broken.md", &text);
}
