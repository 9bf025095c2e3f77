//! Secrets are where they are needed, and nowhere else.

use std::fs;

use valet_protocol::units;

use super::apart::apart;
use super::host::Host;

const FILES: [&str; 2] = ["/run/valet/runtime.env", "/run/valet/adspower.env"];

#[test]
fn secrets_reach_who_needs_them_and_nobody_else() {
    let name = "agent::secrets::secrets_reach_who_needs_them_and_nobody_else";
    apart(name, async |parts| {
        let host = Host::ready(&parts).await;
        are_in_files_that_only_the_agent_reads(&host);
        are_in_the_environment_of_who_needs_them(&host);
        show_nowhere(&host);
    });
}

fn are_in_files_that_only_the_agent_reads(host: &Host) {
    let container = &host.container;
    for file in FILES {
        let owner = container.ran(&["stat", "--format=%a %U %G", file]);
        assert_eq!(owner, "600 valet-agent valet-agent\n", "{file}");
        for user in ["valet", "adspower", "valet-display", "nobody"] {
            let read = container.run_as(user, &["cat", file]);
            let expected = format!("cat: {file}: Permission denied\n");
            assert_eq!(read.parts(), (Some(1), "", expected.as_str()), "{user}");
        }
        let read = container
            .run_as(units::AGENT_USER, &["cat", file])
            .success();
        assert!(
            read.contains(host.values.get("ADSPOWER_API_TOKEN")),
            "{file}"
        );
    }
    let disk = container.ran(&[
        "findmnt",
        "--noheadings",
        "--output",
        "FSTYPE",
        "--target",
        FILES[0],
    ]);
    assert_eq!(disk, "tmpfs\n");
}

/// systemd hands them on as root. Without this nothing would be found in the wrong places either.
fn are_in_the_environment_of_who_needs_them(host: &Host) {
    let shown = |unit: &str, name: &str| {
        let pid = host.container.property(unit, "MainPID");
        let environment = host
            .container
            .ran(&["cat", &format!("/proc/{pid}/environ")]);
        let value = format!("{name}={}\0", host.values.get(name));
        environment.contains(&value)
    };
    for (name, secret) in &host.config.secrets {
        use valet_protocol::config::User;
        let has = |user| secret.used_by.contains(&user);
        assert_eq!(shown(units::RUNTIME, name), has(User::Runtime), "{name}");
        assert_eq!(shown(units::ADSPOWER, name), has(User::AdsPower), "{name}");
        assert!(!shown(units::WORKER, name), "{name}");
    }
}

fn show_nowhere(host: &Host) {
    let journal = host
        .container
        .ran(&["journalctl", "--no-pager", "--output=export", "--all"]);
    assert!(journal.contains("secrets fetched"), "{journal}");
    let adspower = host.container.property(units::ADSPOWER, "MainPID");
    let commands = command_lines();
    let (its_own, others): (Vec<_>, Vec<_>) = commands
        .iter()
        .partition(|line| line.contains("--api-port=50325"));
    assert_eq!(its_own.len(), 1, "{commands:?}");
    let key = host.values.get("ADSPOWER_API_TOKEN");
    for value in host.values.all() {
        assert!(!journal.contains(value), "the journal has {value}");
        let is_shown = others.iter().any(|line| line.contains(value));
        assert!(!is_shown, "a command line has {value}");
        assert_eq!(its_own[0].contains(value), value == key, "{its_own:?}");
    }
    // AdsPower takes its key in no other way: nobody else in the fleet's units sees the process.
    for (unit, user) in [
        (units::RUNTIME, "valet"),
        (units::NOVNC, "valet-display"),
        (units::XVFB, "valet-display"),
    ] {
        let pid = host.container.property(unit, "MainPID");
        let (target, user) = (format!("--target={pid}"), format!("--reuid={user}"));
        let file = format!("/proc/{adspower}/cmdline");
        let read = [
            "setpriv",
            &user,
            "--clear-groups",
            "--regid=nogroup",
            "cat",
            &file,
        ];
        let outside = host.container.run(&read);
        assert_eq!(outside.code, Some(0), "without the unit: {outside:#?}");
        let inside = ["nsenter", "--mount", &target];
        let seen = host.container.run(&[&inside[..], &read].concat());
        assert!(
            seen.stderr.contains("No such file or directory"),
            "{unit}: {seen:#?}"
        );
    }
}

/// Of all processes of these namespaces.
fn command_lines() -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("a folder").flatten();
    processes
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).into_owned())
        .collect()
}
