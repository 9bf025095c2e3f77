//! A machine in which something is wrong: what finds nothing has to find that.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::machine::{LIMIT, bake, can_start, disk_of, folder, run};

/// Changes a disk that nobody has mounted: debugfs takes requests, one after the other.
fn change(disk: &Path, requests: &[String]) {
    let root = format!("{}?offset={}", disk.display(), 301 << 20);
    for request in requests {
        let mut debugfs = Command::new("debugfs");
        let output = debugfs.args(["-w", "-R", request, &root]).output();
        let output = output.expect("it runs");
        assert!(output.status.success(), "{request}: {output:#?}");
    }
}

#[test]
fn a_unit_that_fails_and_a_control_that_does_not_hold_are_seen() {
    if !can_start() {
        return;
    }
    let baked = bake();
    let whole = tempfile::tempdir_in(folder()).expect("a folder");
    let disk = whole.path().join("disk.raw");
    let copied = Command::new("cp")
        .arg("--sparse=always")
        .arg(disk_of(&baked))
        .arg(&disk)
        .status();
    assert!(copied.expect("cp runs").success());
    let unit = whole.path().join("unit");
    std::fs::write(&unit, "[Service]\nType=oneshot\nExecStart=/bin/false\n").expect("written");
    let units = "/etc/systemd/system";
    change(
        &disk,
        &[
            format!("write {} {units}/valet-broken.service", unit.display()),
            format!(
                "symlink {units}/multi-user.target.wants/valet-broken.service ../valet-broken.service"
            ),
            "rm /etc/audit/rules.d/50-valet.rules".to_owned(),
        ],
    );
    let disk = disk.to_str().expect("UTF-8");
    let run = run(&[
        "image", "boot", "--limit", LIMIT, "--disk", disk, "--format", "json",
    ]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(32), ""), "{run:#?}");
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["finished"], true);
    assert_eq!(report["units"]["state"], "degraded");
    let failed = report["units"]["failed"].as_array().expect("a list");
    assert!(
        failed.iter().any(|it| it == "valet-broken.service"),
        "{failed:?}"
    );
    let failed = report["checks"]["failed"].as_array().expect("a list");
    assert!(
        failed.iter().any(|it| it == "os.audit-worker"),
        "{failed:?}"
    );
}
