//! An instance and the settings of its environment: `valet-configure.service` under a real systemd, with cloud-init.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::builders::seed;
use super::host::Host;
use super::provisioning::image;
use crate::machine::turn;

/// Seconds in which a boot is over, whatever our units wait for.
const BOOT: Duration = Duration::from_secs(120);

/// The user data that Terraform gives an instance: MIME parts, ours first.
fn user_data(environment: &Path) -> String {
    let settings = fs::read_to_string(environment.join("terraform/instance.json"));
    let settings: serde_json::Value =
        serde_json::from_str(&settings.expect("readable")).expect("JSON");
    let part = serde_json::json!({ "write_files": [{
        "path": "/etc/valet/instance.json",
        "owner": "root:root",
        "permissions": "0644",
        "content": settings.to_string(),
    }]});
    format!(
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"=valet-user-data=\"\n\n\
         --=valet-user-data=\nContent-Type: text/cloud-config; charset=\"utf-8\"\nMIME-Version: 1.0\n\n\
         #cloud-config\n{part}\n\
         --=valet-user-data=\nContent-Type: text/x-shellscript; charset=\"utf-8\"\nMIME-Version: 1.0\n\n\
         #!/bin/sh\necho of the user >/run/of-the-user\n\
         --=valet-user-data=--\n"
    )
}

fn shown(host: &Host, unit: &str, property: &str) -> String {
    let run = host.run(&["systemctl", "show", "--value", "--property", property, unit]);
    run.success().trim().to_owned()
}

/// Microseconds since the start of the host.
fn moment(host: &Host, unit: &str, property: &str) -> u64 {
    let text = shown(host, unit, property);
    text.parse()
        .unwrap_or_else(|_| panic!("{unit} {property}: {text:?}"))
}

fn reaches_multi_user(host: &Host) -> Duration {
    let began = Instant::now();
    while shown(host, "multi-user.target", "ActiveState") != "active" {
        let jobs = || host.run(&["systemctl", "list-jobs", "--no-pager"]).stdout;
        assert!(
            began.elapsed() < BOOT,
            "multi-user.target waits: {}",
            jobs()
        );
        thread::sleep(Duration::from_millis(500));
    }
    began.elapsed()
}

/// There is no metadata service, and none is to be reached: the agent waits for it, and nothing else does.
#[test]
fn settings_are_there_before_any_service_and_the_boot_waits_for_nothing() {
    let Some(made) = image() else { return };
    let _turn = turn();
    let disk = made.instance();
    seed(&disk, "i-configured", &user_data(made.environment()));
    let host = made.start(&disk);
    reaches_multi_user(&host);
    let status = host.run(&["timeout", "120", "cloud-init", "status", "--wait"]);
    assert_eq!(status.code, Some(0), "{status:#?}");
    assert_eq!(shown(&host, "valet-configure.service", "Result"), "success");
    let worker = fs::read_to_string(host.path("etc/valet/worker.toml")).expect("written");
    assert!(worker.contains("environment = \"staging\""), "{worker}");
    let drop_in = host.path("run/systemd/system/valet-worker.service.d/50-instance.conf");
    assert!(drop_in.exists());
    assert_ne!(
        shown(&host, "valet-worker.service", "TimeoutStopUSec"),
        "1min 30s"
    );
    let stream = host.path("opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json");
    let stream = fs::read_to_string(stream).expect("written");
    assert!(stream.contains("/valet/staging"), "{stream}");
    // A user's own part stands beside ours.
    assert_eq!(
        fs::read_to_string(host.path("run/of-the-user")).expect("it ran"),
        "of the user\n"
    );
    let configured = moment(
        &host,
        "valet-configure.service",
        "ExecMainExitTimestampMonotonic",
    );
    for unit in [
        "amazon-cloudwatch-agent.service",
        "cron.service",
        "ssh.service",
        "valet-worker.service",
        "valet-xvfb.service",
    ] {
        let started = shown(&host, unit, "ExecMainStartTimestampMonotonic");
        if unit != "ssh.service" {
            assert_ne!(started, "0", "{unit} did not start");
        }
        let started: u64 = started.parse().expect("a number");
        assert!(
            started == 0 || started > configured,
            "{unit}: {started} {configured}"
        );
    }
    // systemd orders a target after what it wants, unless a unit says otherwise.
    let waits_for = shown(&host, "multi-user.target", "After");
    for unit in ["valet-worker.service", "valet-boot-log.service"] {
        assert!(!waits_for.split(' ').any(|it| it == unit), "{waits_for}");
    }
    // The agent asks for the metadata service still; the host is up all the same.
    let agent = shown(&host, "valet-worker.service", "ActiveState");
    assert_eq!(agent, "activating");
    host.power_off();
}

/// What starts an image to test it gives it no settings: there is nothing to do, and nothing of ours runs.
#[test]
fn without_settings_nothing_of_the_fleet_starts() {
    let Some(made) = image() else { return };
    let _turn = turn();
    let disk = made.instance();
    seed(&disk, "i-unconfigured", "#cloud-config\n");
    let host = made.start(&disk);
    reaches_multi_user(&host);
    assert_eq!(shown(&host, "valet-configure.service", "Result"), "success");
    for unit in ["valet-worker.service", "amazon-cloudwatch-agent.service"] {
        assert_eq!(shown(&host, unit, "ActiveState"), "inactive", "{unit}");
        assert_eq!(shown(&host, unit, "ConditionResult"), "no", "{unit}");
    }
    host.power_off();
}

/// Settings that this agent does not understand stop the agent, and say so; the host comes up for whoever looks after it.
#[test]
fn settings_that_are_not_valid_stop_the_agent_alone() {
    let Some(made) = image() else { return };
    let _turn = turn();
    let disk = made.instance();
    let data = user_data(made.environment());
    let wrong = data.replace("\\\"format\\\":1", "\\\"format\\\":99");
    assert_ne!(data, wrong);
    seed(&disk, "i-wrong", &wrong);
    let host = made.start(&disk);
    reaches_multi_user(&host);
    assert_eq!(
        shown(&host, "valet-configure.service", "Result"),
        "exit-code"
    );
    let said = host.run(&[
        "journalctl",
        "--no-pager",
        "-o",
        "cat",
        "-u",
        "valet-configure",
    ]);
    assert!(
        said.stdout
            .contains("/etc/valet/instance.json is not valid"),
        "{said:#?}"
    );
    assert!(!host.path("etc/valet/worker.toml").exists());
    assert_eq!(
        shown(&host, "valet-worker.service", "ActiveState"),
        "inactive"
    );
    host.power_off();
}
