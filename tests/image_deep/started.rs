//! The disk starts as an instance would, and all is well in it.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::machine::{Machine, bake, disk_of, machine, report};

/// The fewest controls that can be looked at in a machine that runs.
const FEWEST_CHECKS: u64 = 80;

/// In their order: nothing comes before what it needs.
const STAGES: [&str; 9] = [
    "firmware",
    "kernel",
    "systemd",
    "metadata",
    "user-data",
    "up",
    "checked",
    "ran",
    "off",
];

#[test]
fn it_gets_from_the_firmware_to_its_end() {
    let Some(machine) = machine() else { return };
    let stages = machine.report["stages"].as_array().expect("a list");
    let reached: Vec<&str> = stages
        .iter()
        .filter_map(|it| it["stage"].as_str())
        .collect();
    assert_eq!(reached, STAGES);
    let seconds: Vec<f64> = stages
        .iter()
        .filter_map(|it| it["seconds"].as_f64())
        .collect();
    assert!(seconds.is_sorted(), "{seconds:?}");
    let cloud_init = &machine.report["cloud_init"];
    assert_eq!(cloud_init["datasource"], "DataSourceEc2Local");
    assert_eq!(cloud_init["errors"], Value::Array(Vec::new()));
    write_report(machine);
}

#[test]
fn every_unit_comes_up() {
    let Some(machine) = machine() else { return };
    let units = &machine.report["units"];
    assert_eq!(units["state"], "running", "{units:#}");
    assert_eq!(units["failed"], Value::Array(Vec::new()));
    let active = units["active"].as_array().expect("a list");
    for unit in [
        "auditd.service",
        "chrony.service",
        "cloud-final.service",
        "fail2ban.service",
        "multi-user.target",
        "network-online.target",
        "nftables.service",
        "valet-novnc.service",
        "valet-vnc.service",
        "valet-xvfb.service",
    ] {
        assert!(active.iter().any(|it| it == unit), "{unit}: {active:#?}");
    }
}

#[test]
fn every_control_holds_in_the_machine() {
    let Some(machine) = machine() else { return };
    let checks = &machine.report["checks"];
    assert_eq!(checks["failed"], Value::Array(Vec::new()));
    let passed = checks["passed"].as_u64().expect("a count");
    assert!(passed >= FEWEST_CHECKS, "only {passed}");
}

/// Starting it has changed nothing of it, and what is made of the same is taken again.
#[test]
fn the_disk_is_whole_after_it_was_started() {
    let Some(machine) = machine() else { return };
    let disk = disk_of(&machine.baked);
    let file = disk.to_str().expect("UTF-8");
    let table = Command::new("sfdisk").args(["--verify", file]).output();
    let table = String::from_utf8(table.expect("it runs").stdout).expect("UTF-8");
    assert!(table.contains("No errors detected."), "{table}");
    let root = format!("{file}?offset={}", 301 << 20);
    let check = Command::new("e2fsck").args(["-f", "-n", &root]).output();
    let check = check.expect("it runs");
    assert!(check.status.success(), "{check:#?}");
    let again = bake();
    let steps = again["steps"].as_array().expect("a list");
    for name in ["machine", "disk"] {
        let step = steps.iter().find(|step| step["name"] == name);
        assert_eq!(step.expect("a step")["cached"], true, "{name}");
    }
}

fn first_line(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = String::from_utf8(output.expect("it runs").stdout).expect("UTF-8");
    text.lines().next().unwrap_or_default().to_owned()
}

fn write_report(machine: &Machine) {
    let (baked, report_) = (&machine.baked, &machine.report);
    let disk = &baked["disk"];
    let megabytes = |value: &Value| value.as_u64().unwrap_or_default() / 1_000_000;
    let (suite, kernel) = (&baked["suite"], &disk["kernel"]);
    let mut text = format!(
        "# Image report\n\n\
         Written by `just image-deep`; what is tested is in `tests/image_deep` and `tests/image_mutation`.\n\
         The image of the environment {} with Chromium in it, of {}, Linux {}.\n\
         {}, with {}: two processors, on a machine that has {} and other work.\n\n\
         ## Started as EC2 would\n\n\
         UEFI, an NVMe disk of {} MB ({} MB on this machine), cloud-init with the metadata service of\n\
         `valet-gen image boot`.\n\n\
         | stage | after | |\n|---|---|---|\n",
        report_["environment"].as_str().unwrap_or_default(),
        suite.as_str().unwrap_or_default(),
        kernel.as_str().unwrap_or_default(),
        first_line("qemu-system-x86_64"),
        report_["accelerator"].as_str().unwrap_or_default(),
        std::thread::available_parallelism().map_or(1, usize::from),
        megabytes(&disk["size"]),
        megabytes(&disk["bytes"]),
    );
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);
    let (units, checks) = (&report_["units"], &report_["checks"]);
    for reached in report_["stages"].as_array().into_iter().flatten() {
        let stage = reached["stage"].as_str().unwrap_or_default();
        let found = match stage {
            "user-data" => report_["cloud_init"]["datasource"]
                .as_str()
                .map(ToOwned::to_owned),
            "up" => Some(format!(
                "{} units active, {} failed",
                count(&units["active"]),
                count(&units["failed"])
            )),
            "checked" => Some(format!(
                "{} controls hold, {} do not, {} hold only before the first start",
                checks["passed"],
                count(&checks["failed"]),
                checks["skipped"]
            )),
            _ => None,
        };
        let _ = writeln!(
            text,
            "| {stage} | {} s | {} |",
            reached["seconds"],
            found.unwrap_or_default()
        );
    }
    for (unit, times) in units["restarted"].as_object().into_iter().flatten() {
        let times = if times == 1 {
            "once".to_owned()
        } else {
            format!("{times} times")
        };
        let _ = writeln!(
            text,
            "\n`{unit}` was started again {times}: its program had ended."
        );
    }
    report("10-boot.md", &text);
}
